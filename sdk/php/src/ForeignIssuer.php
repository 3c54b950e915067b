<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

use DateTimeInterface;

/** An older system whose JWTs are taken until its users have moved, as the server takes them (docs/moving.md). */
final class ForeignIssuer
{
    private const CLOCK_DIFFERENCE = 60_000;
    /** Nothing of an older system is taken longer after it was issued. */
    private const LONGEST_LIFE = 3650 * 86_400_000;
    private const MAX_ID_BYTES = 64;
    private const MIN_SECRET_BYTES = 32;

    /** @var list<string> */
    private readonly array $iss;
    /** @var list<Key> None: it signs with the secret. */
    private readonly array $keys;

    /**
     * @param string $name What we call it; the same as in the server's file, for sessions' ids are made of it.
     * @param string $algorithm HS256, RS256, PS256, ES256 or EdDSA.
     * @param string $key For HS256 its secret, 32 bytes at least; else a public key in PEM, or a JWK Set.
     * @param DateTimeInterface $until From then on no token of it is taken.
     * @param string|list<string> $iss What its tokens say as `iss`; empty: they say nothing.
     * @param string|null $audience Has to be among `aud`.
     * @param string $subject The claim with the user's id.
     * @param string $idPrefix Before that id: the id here.
     * @param DateTimeInterface|null $issuedBefore The cut-over: later tokens are not taken.
     * @param array<string, string> $require Claims that have to say this, such as tymon's `prv`.
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
            strlen($key) >= self::MIN_SECRET_BYTES || throw new \InvalidArgumentException("$name: HS256 needs a secret of 32 bytes at least.");
            return;
        }
        $pem = str_contains($key, '-----BEGIN') ? Key::fromPem($algorithm, $key) : null;
        $set = $pem === null ? Key::set($key, Key::FOREIGN_RSA_BYTES) ?? [] : [$pem];
        $this->keys = array_values(array_filter($set, static fn (Key $one): bool => $one->algorithm === $algorithm));
        $this->keys !== [] || throw new \InvalidArgumentException("$name: there is no public key for $algorithm.");
    }

    /**
     * From a configuration, which holds no key itself: `key_file` instead of `key`, days as text (`until` is the last one,
     * `issued_before` the first on which none is taken), the other names with underscores.
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
     * Null: no issuer of these is named in it.
     *
     * @internal
     * @param list<self> $issuers No two have an `iss` in common.
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
        // Which key may speak is decided by what the token says of its issuer; that is believed when the key has signed it.
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
        // An id such as the server gives names somebody who never was in the older system.
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
