<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * The revocations in the host's cache, so that a check asks no other process. Each entry is one key of the
 * cache, so a worker reads at most five entries and not the whole table. The epoch is part of each key: after
 * a restore of the server's database, entries of the former epoch no longer count.
 *
 * @internal
 */
final class Revocations
{
    public function __construct(private readonly Cache $cache, private readonly string $epoch)
    {
    }

    /**
     * If an entry comes again, the higher minimum and the later expiry of the two count.
     *
     * @param list<array{kind: string, subject: string, minimum?: int, expires: int}> $entries
     */
    public function add(array $entries): void
    {
        foreach ($entries as $entry) {
            ['kind' => $kind, 'subject' => $subject, 'expires' => $expires] = $entry;
            $key = "$this->epoch:$kind:$subject";
            [$minimum, $until] = $this->cache->get($key) ?? [1, 0];
            $until = max($until, $expires);
            $this->cache->set($key, [max($minimum, $entry['minimum'] ?? 1), $until], max(1, $until - time() + 1));
        }
    }

    public function judge(Claims $claims): ?string
    {
        // The minimum of this kind is a time in Unix seconds: tokens issued then or earlier are revoked.
        $issuedBefore = $this->minimum('issued_before', '');
        if ($issuedBefore > 0 && intdiv($claims->issued, 1000) <= $issuedBefore) {
            return 'token_revoked';
        }
        if ($this->minimum('session', $claims->session) > 0 || $claims->version < $this->minimum('user_revoked', $claims->subject)) {
            return 'token_revoked';
        }
        return $claims->version < $this->minimum('user_stale', $claims->subject) ? 'token_stale' : null;
    }

    /**
     * Judges a token of another issuer, which has no version. $issued is in milliseconds, by a clock that may
     * be $skew milliseconds ahead.
     */
    public function isForeignRevoked(string $session, string $subject, int $issued, int $skew): bool
    {
        $issuedBefore = $this->minimum('issued_before', '');
        $before = $this->minimum('foreign_before', $subject);
        return ($issuedBefore > 0 && intdiv($issued, 1000) <= $issuedBefore) || $this->minimum('session', $session) > 0 || ($before > 0 && $issued <= $before * 1000 + $skew);
    }

    /** 0 if there is no such entry. */
    private function minimum(string $kind, string $subject): int
    {
        return $this->cache->get("$this->epoch:$kind:$subject")[0] ?? 0;
    }

    public function hasKey(string $keyId): bool
    {
        return $this->minimum('key', $keyId) > 0;
    }
}
