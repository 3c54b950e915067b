<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * The store that all workers of a host share: keys, revocations, and locks. Values are strings, numbers and
 * arrays.
 */
interface Cache
{
    public function get(string $key): mixed;

    /** @param int $seconds How long the cache keeps the entry, at least 1. */
    public function set(string $key, mixed $value, int $seconds): void;

    /** Takes the lock $key for at most $seconds. False if another worker holds it. */
    public function lock(string $key, int $seconds): bool;

    public function unlock(string $key): void;
}
