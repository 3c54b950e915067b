<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

/** For one process: entries whose times lie in the past of this machine must not be forgotten while cases run. */
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
