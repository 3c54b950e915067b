<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/** Keeps entries in shared memory, for php-fpm with the extension apcu. */
final class ApcuCache implements Cache
{
    public static function isAvailable(): bool
    {
        return function_exists('apcu_enabled') && apcu_enabled();
    }

    public function get(string $key): mixed
    {
        $value = apcu_fetch("coatcheck:$key", $found);
        return $found ? $value : null;
    }

    public function set(string $key, mixed $value, int $seconds): void
    {
        if ($value === null) {
            apcu_delete("coatcheck:$key");
        } elseif (apcu_store("coatcheck:$key", $value, max(1, $seconds)) !== true) {
            throw new \RuntimeException('APCu has no room for Coatcheck: raise apc.shm_size');
        }
    }

    public function lock(string $key, int $seconds): bool
    {
        return apcu_add("coatcheck:lock:$key", 1, $seconds);
    }

    public function unlock(string $key): void
    {
        apcu_delete("coatcheck:lock:$key");
    }
}
