<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * The verifier. It checks a token in the server's order, so that both give the same verdict: size, form, key
 * and algorithm, signature, typ, iss and aud, exp, revoked, stale.
 */
final class Verifier implements TokenVerifier
{
    /**
     * In milliseconds: how far the iat of our own token may lie ahead of this clock, because the clocks of
     * nodes differ.
     */
    private const CLOCK_DIFFERENCE = 60_000;

    private readonly Server $server;
    private readonly string $issuer;
    private readonly string $audience;

    /**
     * @param string $url The server's URL.
     * @param string $serviceKey A key made by `coatcheck service-key add NAME --scope feed`.
     * @param string $whenCut What the verifier does while the server has not answered for longer than
     *   $cutAfter milliseconds: `refuse` every token, or `accept` tokens until they expire
     *   (docs/revocation.md).
     * @param Cache|null $cache Default: APCu if it is available, otherwise a directory in the system's
     *   temporary directory.
     * @param Encryption|null $encryption Accepts encrypted tokens (`tokens.format`).
     * @param list<ForeignIssuer> $foreign Older systems whose JWTs are accepted until their users have moved
     *   (docs/moving.md).
     */
    public function __construct(
        string $url,
        string $serviceKey,
        ?string $issuer = null,
        ?string $audience = null,
        private readonly string $whenCut = 'refuse',
        private readonly int $cutAfter = 5000,
        ?Cache $cache = null,
        private readonly ?Encryption $encryption = null,
        private readonly array $foreign = [],
    ) {
        $url = rtrim($url, '/');
        $this->issuer = $issuer ?? $url;
        $this->audience = $audience ?? $this->issuer;
        $cache ??= ApcuCache::isAvailable() ? new ApcuCache() : FileCache::ofUser($url, $serviceKey);
        $this->server = new Server($url, $serviceKey, $cache);
    }

    public function check(string $token): Verdict
    {
        return $this->withRevocations(fn (Revocations $revocations): Verdict => $this->checkWith($revocations, $token));
    }

    private function checkWith(Revocations $revocations, string $token): Verdict
    {
        $find = fn (string $keyId): ?Key => $revocations->hasKey($keyId) ? null : $this->server->key($keyId);
        $now = (int) floor(microtime(true) * 1000);
        // Foreign tokens come first: looking up their key among ours would fetch our key set for nothing.
        $foreign = $this->foreign === [] ? null : ForeignIssuer::judge($this->foreign, $token, $revocations, $now);
        return $foreign ?? self::judge($token, $find, $revocations, $this->issuer, $this->audience, $now, $this->encryption);
    }

    /**
     * Judges the values of a decrypted token of Coatcheck (`token_format: crypt`): scalars under the names in
     * $fields, and under `session` and `ver`. A token made by another system has no session that could end,
     * so the verdict is token_not_ours.
     *
     * @param list<string> $fields The names of the user, the time of issue and the time of expiry.
     */
    public function checkDecrypted(mixed $values, array $fields = ['user_id', 'time_stamp', 'expire_on']): Verdict
    {
        return $this->withRevocations(fn (Revocations $revocations): Verdict => $this->checkValues($revocations, $values, $fields));
    }

    /** @param list<string> $fields */
    private function checkValues(Revocations $revocations, mixed $values, array $fields): Verdict
    {
        [$user, $issued, $expires, $session, $version] = array_map(static fn (string $name): mixed => is_array($values) ? $values[$name] ?? null : null, [...$fields, 'session', 'ver']);
        if (!is_string($user) || !is_string($session) || $user === '' || $session === '' || !is_int($issued) || !is_int($expires) || !is_int($version)) {
            return Verdict::no('token_not_ours');
        }
        $now = (int) floor(microtime(true) * 1000);
        if ($issued * 1000 > $now + self::CLOCK_DIFFERENCE) {
            return Verdict::no('token_not_yet_valid');
        }
        if ($now >= $expires * 1000) {
            return Verdict::no('token_expired')->onCrypt();
        }
        $claims = new Claims($this->issuer, [$this->audience], $user, $session, '', [], '', $version, $issued * 1000, $expires * 1000, 0, $values);
        // The token holds no roles, so a change of roles does not make it stale.
        return $revocations->judge($claims) === 'token_revoked' ? Verdict::no('token_revoked') : Verdict::user(new User($user, '', [], '', $session, $expires, $values));
    }

    /**
     * The verdict is `unavailable` if the revocations are unknown, older than $whenCut allows, or incomplete.
     *
     * @param callable(Revocations): Verdict $check
     */
    private function withRevocations(callable $check): Verdict
    {
        $known = null;
        try {
            $known = $this->server->revocations();
            $isTooOld = $known !== null && $this->whenCut !== 'accept' && $known[1] > $this->cutAfter;
            return $known === null || $isTooOld ? Verdict::no('unavailable') : $check($known[0]);
        } catch (LostRevocations) {
            $this->server->forget($known[2] ?? '');
        } catch (\RuntimeException $failure) {
            error_log("Coatcheck: {$failure->getMessage()}"); // of the cache: it says what to do
        }
        return Verdict::no('unavailable');
    }

    /**
     * Judges with keys, revocations and time as parameters, so that the tests can run api/cases on it.
     *
     * @internal
     * @param callable(string): ?Key $find
     */
    public static function judge(string $token, callable $find, Revocations $revocations, string $issuer, string $audience, int $now, ?Encryption $encryption = null): Verdict
    {
        if ($encryption !== null && Encryption::isEncrypted($token)) {
            [$jwt, $code] = $encryption->decrypt($token);
            return $jwt === null ? Verdict::no($code) : self::judge($jwt, $find, $revocations, $issuer, $audience, $now);
        }
        if ($encryption?->only) {
            return Verdict::no(Token::parse($token) === null ? 'token_malformed' : 'token_not_ours');
        }
        $parsed = Token::parse($token);
        if ($parsed === null) {
            return Verdict::no('token_malformed');
        }
        // The key decides the algorithm, and the header must name the same one (RFC 8725 §3.1).
        $key = $find($parsed->keyId);
        if ($key === null || Key::algorithmNamed($parsed->algorithm) !== $key->algorithm || !$key->verifies($parsed->signingInput, $parsed->signature)) {
            return Verdict::no('token_not_ours');
        }
        if ($parsed->type !== 'at+jwt') {
            return Verdict::no('token_not_ours');
        }
        $claims = $parsed->claims();
        if ($claims === null) {
            return Verdict::no('token_malformed');
        }
        if ($claims->issuer !== $issuer || !in_array($audience, $claims->audience, true)) {
            return Verdict::no('token_not_ours');
        }
        if ($claims->issued > $now + self::CLOCK_DIFFERENCE || $claims->notBefore > $now) {
            return Verdict::no('token_not_yet_valid');
        }
        if ($now >= $claims->expires) {
            return Verdict::no('token_expired');
        }
        $reason = $revocations->judge($claims);
        if ($reason !== null) {
            return Verdict::no($reason);
        }
        return Verdict::user(new User($claims->subject, $claims->username, $claims->roles, $claims->scope, $claims->session, intdiv($claims->expires, 1000), $claims->all));
    }
}
