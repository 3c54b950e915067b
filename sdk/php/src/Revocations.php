<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * The revocations in the host's cache, so that a check asks no other process.
 *
 * They are spread over shards. A shard is one value of the cache and never changes: with new entries it is
 * written again under another name, and the table of names changes last, in one step. So a cache that loses
 * values, such as APCu when it is full, or a directory that a cleaner of temporary files visits, is noticed:
 * a shard that the table names is missing. "Not there" never means "not revoked".
 *
 * @internal
 */
final class Revocations
{
    private const SHARDS = 256;
    /** In seconds: how long other workers may still read a shard that was written again. */
    private const RETIRED_FOR = 5;

    /** @var array<int, array<string, array{int, int}>> the shards that this object has read */
    private array $read = [];

    /**
     * @param array<int, string> $names the name of each shard; a shard without a name is empty
     * @param list<array{string, int}> $retired shards that were written again, and when, by the monotonic clock
     */
    public function __construct(private readonly Cache $cache, private array $names = [], private array $retired = [])
    {
    }

    /**
     * @param array{names: array<int, string>, retired: list<array{string, int}>} $table as table() gave it
     */
    public static function of(Cache $cache, array $table): self
    {
        return new self($cache, $table['names'], $table['retired']);
    }

    /** @return array{names: array<int, string>, retired: list<array{string, int}>} */
    public function table(): array
    {
        return ['names' => $this->names, 'retired' => $this->retired];
    }

    /**
     * Adds entries. If one comes again, the higher minimum and the later expiry of the two count. The shards
     * that change drop what had expired at $serverTime, in Unix seconds: this machine's clock may be wrong,
     * and an entry that was dropped too early would not come again.
     *
     * @param list<array{kind: string, subject: string, minimum?: int, expires: int}> $entries
     */
    public function add(array $entries, int $serverTime, int $seconds): void
    {
        $changed = [];
        foreach ($entries as $entry) {
            ['kind' => $kind, 'subject' => $subject, 'expires' => $expires] = $entry;
            $changed[self::shardOf($kind, $subject)][] = ["$kind:$subject", $entry['minimum'] ?? 1, $expires];
        }
        foreach ($changed as $index => $new) {
            $shard = array_filter($this->shard($index), static fn (array $entry): bool => $entry[1] > $serverTime);
            foreach ($new as [$key, $minimum, $expires]) {
                [$before, $until] = $shard[$key] ?? [1, 0];
                $shard[$key] = [max($before, $minimum), max($until, $expires)];
            }
            $name = bin2hex(random_bytes(6));
            $this->cache->set("revocations:$name", $shard, $seconds);
            if (isset($this->names[$index])) {
                $this->retired[] = [$this->names[$index], self::seconds()];
            }
            $this->names[$index] = $name;
            $this->read[$index] = $shard;
        }
    }

    /** Removes from the cache what no worker reads any more. */
    public function tidy(): void
    {
        foreach ($this->retired as $index => [$name, $at]) {
            if (abs(self::seconds() - $at) > self::RETIRED_FOR) {
                $this->cache->set("revocations:$name", null, 1);
                unset($this->retired[$index]);
            }
        }
        $this->retired = array_values($this->retired);
    }

    /** An empty table in place of this one, whose shards go when no worker reads them any more. */
    public function emptied(): self
    {
        return new self($this->cache, [], [...$this->retired, ...array_map(static fn (string $name): array => [$name, self::seconds()], array_values($this->names))]);
    }

    /** @throws LostRevocations */
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
     *
     * @throws LostRevocations
     */
    public function isForeignRevoked(string $session, string $subject, int $issued, int $skew): bool
    {
        $issuedBefore = $this->minimum('issued_before', '');
        $before = $this->minimum('foreign_before', $subject);
        return ($issuedBefore > 0 && intdiv($issued, 1000) <= $issuedBefore) || $this->minimum('session', $session) > 0 || ($before > 0 && $issued <= $before * 1000 + $skew);
    }

    /** @throws LostRevocations */
    public function hasKey(string $keyId): bool
    {
        return $this->minimum('key', $keyId) > 0;
    }

    /** 0 if there is no such entry. */
    private function minimum(string $kind, string $subject): int
    {
        return $this->shard(self::shardOf($kind, $subject))["$kind:$subject"][0] ?? 0;
    }

    /** @return array<string, array{int, int}> */
    private function shard(int $index): array
    {
        if (!isset($this->names[$index])) {
            return [];
        }
        return $this->read[$index] ??= $this->cache->get("revocations:{$this->names[$index]}")
            ?? throw new LostRevocations('The cache has lost revocations');
    }

    private static function shardOf(string $kind, string $subject): int
    {
        return crc32("$kind:$subject") % self::SHARDS;
    }

    private static function seconds(): int
    {
        return intdiv(hrtime(true), 1_000_000_000);
    }
}
