<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

/**
 * A cache for one process that never forgets. The cases have entries that expired long ago by this machine's
 * clock.
 */
final class MemoryCache implements Coatcheck\Cache
{
    /** @var array<string, mixed> */
    private array $values = [];

    public function get(string $key): mixed
    {
        return $this->values[$key] ?? null;
    }

    public function set(string $key, mixed $value, int $seconds): void
    {
        $this->values[$key] = $value;
    }

    public function lock(string $key, int $seconds): bool
    {
        return true;
    }

    public function unlock(string $key): void
    {
    }
}
