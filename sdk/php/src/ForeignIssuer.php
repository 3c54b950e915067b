<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

use DateTimeInterface;

/**
 * An older system whose JWTs are accepted until its users have moved, by the server's rules (docs/moving.md).
 */
final class ForeignIssuer
{
    private const CLOCK_DIFFERENCE = 60_000;
    /** In milliseconds. A foreign token is refused after this long, whatever its `exp` says. */
    private const LONGEST_LIFE = 3650 * 86_400_000;
    private const MAX_ID_BYTES = 64;
    private const MIN_SECRET_BYTES = 32;

    /** @var list<string> */
    private readonly array $iss;
    /** @var list<Key> Empty if the issuer signs with the secret. */
    private readonly array $keys;

    /**
     * @param string $name Our name for the issuer. It must equal the name in the server's file, because
     *   session ids are derived from it.
     * @param string $algorithm HS256, RS256, PS256, ES256 or EdDSA.
     * @param string $key For HS256 the secret, at least 32 bytes; otherwise a public key in PEM, or a JWK
     *   Set.
     * @param DateTimeInterface $until From this time on, all of its tokens are refused.
     * @param string|list<string> $iss The `iss` of its tokens. Empty if its tokens have no `iss`.
     * @param string|null $audience Must be among the token's `aud`.
     * @param string $subject The claim that holds the user's id.
     * @param string $idPrefix Put in front of that id to make the user's id in Coatcheck.
     * @param DateTimeInterface|null $issuedBefore The cut-over: tokens issued at or after this time are
     *   refused.
     * @param array<string, string> $require Claims that must have exactly this value, such as tymon's `prv`.
     */
    public function __construct(
        private readonly string $name,
        private readonly string $algorithm,
        #[\SensitiveParameter] private readonly string $key,
        private readonly DateTimeInterface $until,
        string|array $iss = [],
        private readonly ?string $audience = null,
        private readonly string $subject = 'sub',
        private readonly string $idPrefix = '',
        private readonly ?DateTimeInterface $issuedBefore = null,
        private readonly array $require = [],
    ) {
        $this->iss = array_values((array) $iss);
        if ($algorithm === 'HS256') {
            $this->keys = [];
            strlen($key) >= self::MIN_SECRET_BYTES || throw new \InvalidArgumentException("$name: HS256 needs a secret of at least 32 bytes.");
            return;
        }
        $pem = str_contains($key, '-----BEGIN') ? Key::fromPem($algorithm, $key) : null;
        $set = $pem === null ? Key::set($key, Key::FOREIGN_RSA_BYTES, $algorithm) ?? [] : [$pem];
        $this->keys = array_values(array_filter($set, static fn (Key $one): bool => $one->algorithm === $algorithm));
        $this->keys !== [] || throw new \InvalidArgumentException("$name: there is no public key for $algorithm.");
    }

    /**
     * Makes an issuer from a configuration, which holds no key itself. It has `key_file` instead of `key`,
     * and days as text: `until` is the last day on which tokens are accepted, `issued_before` the first day
     * whose tokens are refused. The other names have underscores. Throws InvalidArgumentException if the file
     * cannot be read.
     *
     * @param array<string, mixed> $one
     */
    public static function fromArray(array $one): self
    {
        $key = @file_get_contents($one['key_file'] ?? '');
        if ($key === false) {
            throw new \InvalidArgumentException("{$one['name']}: key_file cannot be read.");
        }
        $day = static fn (string $text): \DateTimeImmutable => new \DateTimeImmutable($text, new \DateTimeZone('UTC'));
        return new self(
            $one['name'],
            $one['algorithm'],
            $one['algorithm'] === 'HS256' ? preg_replace('/\n$/D', '', $key) : $key,
            $day($one['until'])->setTime(24, 0),
            $one['iss'] ?? [],
            $one['audience'] ?? null,
            $one['subject'] ?? 'sub',
            $one['id_prefix'] ?? '',
            isset($one['issued_before']) ? $day($one['issued_before']) : null,
            $one['require'] ?? [],
        );
    }

    /**
     * Gives null if the token names none of these issuers.
     *
     * @internal
     * @param list<self> $issuers No two issuers share an `iss`.
     */
    public static function judge(array $issuers, string $token, Revocations $revocations, int $now): ?Verdict
    {
        $parsed = Token::parse($token);
        if ($parsed === null) {
            return null;
        }
        $said = $parsed->claimedIssuer();
        if ($said === null) {
            return Verdict::no('token_malformed');
        }
        // The token's own `iss` chooses the key. The claim is believed only after that key has verified the
        // signature.
        foreach ($issuers as $issuer) {
            if ($said === '' ? $issuer->iss === [] : in_array($said, $issuer->iss, true)) {
                return $issuer->verdict($parsed, $revocations, $now);
            }
        }
        return null;
    }

    private function isSigned(Token $token): bool
    {
        if ($token->algorithm !== $this->algorithm) {
            return false;
        }
        if ($this->keys === []) {
            return hash_equals(hash_hmac('sha256', $token->signingInput, $this->key, true), $token->signature);
        }
        foreach ($this->keys as $key) {
            if (($key->id === '' || $key->id === $token->keyId) && $key->verifies($token->signingInput, $token->signature)) {
                return true;
            }
        }
        return false;
    }

    private function verdict(Token $token, Revocations $revocations, int $now): Verdict
    {
        if (!$this->isSigned($token)) {
            return Verdict::no('token_not_ours');
        }
        $claims = $token->foreignClaims($this->subject);
        if ($claims === null) {
            return Verdict::no('token_malformed');
        }
        [$subject, $audience, $issued, $notBefore, $expires] = $claims;
        $id = $this->idPrefix . $subject;
        // An id in the form of Coatcheck's own ids would name a user who never was in the older system.
        $isOwn = strlen($id) === 22 && Token::decode($id) !== null;
        $isLate = $this->issuedBefore !== null && $issued >= $this->issuedBefore->getTimestamp() * 1000;
        if (($this->audience !== null && !in_array($this->audience, $audience, true)) || $isLate || $subject === '' || strlen($id) > self::MAX_ID_BYTES || $isOwn) {
            return Verdict::no('token_not_ours');
        }
        foreach ($this->require as $name => $text) {
            if (!$token->claimIs((string) $name, $text)) {
                return Verdict::no('token_not_ours');
            }
        }
        $expires = min($expires ?? PHP_INT_MAX, $this->until->getTimestamp() * 1000, $issued + self::LONGEST_LIFE);
        if ($issued > $now + self::CLOCK_DIFFERENCE || $notBefore > $now + self::CLOCK_DIFFERENCE) {
            return Verdict::no('token_not_yet_valid');
        }
        if ($now >= $expires) {
            return Verdict::no('token_expired');
        }
        $session = Token::encode(substr(hash('sha256', "$this->name\n$token->signingInput", true), 0, 16));
        if ($revocations->isForeignRevoked($session, $id, $issued, self::CLOCK_DIFFERENCE)) {
            return Verdict::no('token_revoked');
        }
        return Verdict::user(new User($id, '', [], '', $session, intdiv($expires, 1000), []));
    }
}
