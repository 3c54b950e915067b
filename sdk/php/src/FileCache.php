<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/** Keeps entries in a directory of its own, one file for each key. For hosts without APCu. */
final class FileCache implements Cache
{
    public function __construct(private readonly string $directory)
    {
        if (!is_dir($directory) && !@mkdir($directory, 0700, true) && !is_dir($directory)) {
            throw new \RuntimeException("Coatcheck cannot make its directory $directory");
        }
        // We do not trust a directory that another user of the machine can write to.
        if ((fileperms($directory) & 0022) !== 0) {
            throw new \RuntimeException("Coatcheck's directory $directory can be written by others");
        }
    }

    public function get(string $key): mixed
    {
        $text = @file_get_contents($this->path($key));
        if ($text === false || strlen($text) < 12) {
            return null;
        }
        return (int) substr($text, 0, 12) > time() ? json_decode(substr($text, 12), true) : null;
    }

    public function set(string $key, mixed $value, int $seconds): void
    {
        $path = $this->path($key);
        $aside = $path . '.' . bin2hex(random_bytes(6));
        if (@file_put_contents($aside, sprintf('%012d', time() + max(1, $seconds)) . json_encode($value, JSON_THROW_ON_ERROR)) === false || !@rename($aside, $path)) {
            throw new \RuntimeException("Coatcheck cannot write to $this->directory");
        }
    }

    public function lock(string $key, int $seconds): bool
    {
        $path = $this->path("lock:$key");
        if (@filemtime($path) !== false && filemtime($path) + $seconds < time()) {
            @unlink($path); // the worker that held it is gone
        }
        $file = @fopen($path, 'x');
        return $file !== false && fclose($file);
    }

    public function unlock(string $key): void
    {
        @unlink($this->path("lock:$key"));
    }

    /** Deletes entries that have expired. A cron job can call this if files pile up. */
    public function sweep(): void
    {
        foreach (new \DirectoryIterator($this->directory) as $file) {
            if ($file->isFile() && (int) @file_get_contents($file->getPathname(), false, null, 0, 12) <= time()) {
                @unlink($file->getPathname());
            }
        }
    }

    private function path(string $key): string
    {
        return $this->directory . '/' . hash('sha256', $key);
    }
}
