<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/** What all workers of a host share: keys, revocations, and who asks for them. Values are strings, numbers and arrays. */
interface Cache
{
    public function get(string $key): mixed;

    /** @param int $seconds How long it is kept, at least 1. */
    public function set(string $key, mixed $value, int $seconds): void;

    /** Takes the lock $key for at most $seconds; false if somebody has it. */
    public function lock(string $key, int $seconds): bool;

    public function unlock(string $key): void;
}
