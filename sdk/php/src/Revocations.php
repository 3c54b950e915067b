<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * What has been taken back, as the host's cache has it: a look-up costs no request. An entry is a key of the cache, so
 * that a worker reads two of them and not the whole table. The epoch is part of each key: after a restore of the server's
 * database nothing of the former counts.
 *
 * @internal
 */
final class Revocations
{
    private string $epoch;
    private int $issuedBefore = 0;

    public function __construct(private readonly Cache $cache, string $epoch)
    {
        $this->epoch = $epoch;
        $this->issuedBefore = (int) $cache->get("$epoch:issued_before");
    }

    /** @param list<array{kind: string, subject: string, minimum?: int, expires: int}> $entries */
    public function add(array $entries): void
    {
        foreach ($entries as $entry) {
            $life = $entry['expires'] - time() + 1;
            $key = "$this->epoch:{$entry['kind']}:{$entry['subject']}";
            if ($entry['kind'] === 'issued_before') {
                $this->issuedBefore = max($this->issuedBefore, $entry['minimum'] ?? 0);
                $this->cache->set("$this->epoch:issued_before", $this->issuedBefore, max(1, $life));
            } else {
                $this->cache->set($key, max($entry['minimum'] ?? 1, (int) $this->cache->get($key)), max(1, $life));
            }
        }
    }

    public function judge(Claims $claims): ?string
    {
        if ($this->issuedBefore > 0 && intdiv($claims->issued, 1000) <= $this->issuedBefore) {
            return 'token_revoked';
        }
        if ($this->cache->get("$this->epoch:session:$claims->session") !== null || $claims->version < (int) $this->cache->get("$this->epoch:user_revoked:$claims->subject")) {
            return 'token_revoked';
        }
        return $claims->version < (int) $this->cache->get("$this->epoch:user_stale:$claims->subject") ? 'token_stale' : null;
    }

    public function hasKey(string $keyId): bool
    {
        return $this->cache->get("$this->epoch:key:$keyId") !== null;
    }
}
