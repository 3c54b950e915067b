<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * The store that all workers of a host share: keys, revocations, and locks. Values are strings, numbers and
 * arrays. It may lose values at any time: the verifier notices.
 */
interface Cache
{
    public function get(string $key): mixed;

    /**
     * Null removes the entry.
     *
     * @param int $seconds How long the cache keeps the entry, at least 1.
     * @throws \RuntimeException if the cache cannot keep it.
     */
    public function set(string $key, mixed $value, int $seconds): void;

    /** Takes the lock $key for at most $seconds. False if another worker holds it. */
    public function lock(string $key, int $seconds): bool;

    public function unlock(string $key): void;
}
