<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * The verifier: what a token must be to be believed, in the server's order, so that both give one verdict: size, form,
 * key and algorithm, signature, typ / iss / aud, exp, revoked, stale.
 */
final class Verifier implements TokenVerifier
{
    /** How far an own token's iat may lie ahead of this clock, in milliseconds: nodes differ. */
    private const CLOCK_DIFFERENCE = 60_000;

    private readonly Server $server;
    private readonly string $issuer;
    private readonly string $audience;

    /**
     * @param string $url Where Coatcheck answers.
     * @param string $serviceKey Made by `coatcheck service-key add NAME --scope feed`.
     * @param string $whenCut `refuse`, or `accept` tokens until they expire, while revocations are cut off for longer than
     *   $cutAfter milliseconds (docs/revocation.md).
     * @param Cache|null $cache APCu where it is there, else a directory below the system's temporary one.
     * @param Encryption|null $encryption Takes encrypted tokens (`tokens.format`).
     * @param list<ForeignIssuer> $foreign Older systems whose JWTs are taken until their users have moved (docs/moving.md).
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
        $cache ??= ApcuCache::isAvailable() ? new ApcuCache() : new FileCache(sys_get_temp_dir() . '/coatcheck-' . substr(hash('sha256', $url . (string) getmyuid()), 0, 16));
        $this->server = new Server($url, $serviceKey, $cache);
    }

    public function check(string $token): Verdict
    {
        $revocations = $this->revocations();
        if ($revocations === null) {
            return Verdict::no('unavailable');
        }
        $find = fn (string $keyId): ?Key => $revocations->hasKey($keyId) ? null : $this->server->key($keyId);
        $now = (int) floor(microtime(true) * 1000);
        // What names another issuer is not looked for among our keys, which would be fetched anew for it.
        $foreign = $this->foreign === [] ? null : ForeignIssuer::judge($this->foreign, $token, $revocations, $now);
        return $foreign ?? self::judge($token, $find, $revocations, $this->issuer, $this->audience, $now, $this->encryption);
    }

    /**
     * What an encrypted token of Coatcheck's held (`token_format: crypt`), once it was decrypted: scalars by the names that
     * are given. One that another made has no session that could have ended, and is not ours.
     *
     * @param list<string> $fields The user, the time of issue and of expiry.
     */
    public function checkDecrypted(mixed $values, array $fields = ['user_id', 'time_stamp', 'expire_on']): Verdict
    {
        $revocations = $this->revocations();
        if ($revocations === null) {
            return Verdict::no('unavailable');
        }
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
        // No roles stand in it, so that new ones do not make it stale.
        return $revocations->judge($claims) === 'token_revoked' ? Verdict::no('token_revoked') : Verdict::user(new User($user, '', [], '', $session, $expires, $values));
    }

    /** As far as they are known, and lately enough by the policy. */
    private function revocations(): ?Revocations
    {
        $known = $this->server->revocations();
        return $known === null || ($this->whenCut !== 'accept' && $known[1] > $this->cutAfter) ? null : $known[0];
    }

    /**
     * The same with keys, revocations and time as values: what api/cases is run on.
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
        // The key decides the algorithm; the header's must agree with it (RFC 8725 §3.1).
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
