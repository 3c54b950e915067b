<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * What has been taken back, as the host's cache has it: a look-up costs no request. An entry is a key of the cache, so
 * that a worker reads four of them and not the whole table. The epoch is part of each key: after a restore of the server's
 * database nothing of the former counts.
 *
 * @internal
 */
final class Revocations
{
    public function __construct(private readonly Cache $cache, private readonly string $epoch)
    {
    }

    /**
     * An entry that comes again counts with the higher version and for the longer time of the two.
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
        // Its minimum is a time, in Unix seconds: what was issued then or before is over.
        $issuedBefore = $this->minimum('issued_before', '');
        if ($issuedBefore > 0 && intdiv($claims->issued, 1000) <= $issuedBefore) {
            return 'token_revoked';
        }
        if ($this->minimum('session', $claims->session) > 0 || $claims->version < $this->minimum('user_revoked', $claims->subject)) {
            return 'token_revoked';
        }
        return $claims->version < $this->minimum('user_stale', $claims->subject) ? 'token_stale' : null;
    }

    /** The same for a token of another issuer, which knows no version; milliseconds, by a clock that may be $skew ahead. */
    public function isForeignRevoked(string $session, string $subject, int $issued, int $skew): bool
    {
        $issuedBefore = $this->minimum('issued_before', '');
        $before = $this->minimum('foreign_before', $subject);
        return ($issuedBefore > 0 && intdiv($issued, 1000) <= $issuedBefore) || $this->minimum('session', $session) > 0 || ($before > 0 && $issued <= $before * 1000 + $skew);
    }

    /** 0: there is no such entry. */
    private function minimum(string $kind, string $subject): int
    {
        return $this->cache->get("$this->epoch:$kind:$subject")[0] ?? 0;
    }

    public function hasKey(string $keyId): bool
    {
        return $this->minimum('key', $keyId) > 0;
    }
}
