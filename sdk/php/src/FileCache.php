<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * Keeps entries in a directory of its own, one file for each key. For hosts without APCu.
 *
 * It uses the directory only if nobody else can write to it: a directory, not a link, that belongs to the
 * user of this process, with mode 0700. With a secret, each file also carries a MAC, so that a file from
 * elsewhere does not count. A directory that cannot be used is an exception that says why.
 */
final class FileCache implements Cache
{
    private const MAC = 64; // characters

    public function __construct(private readonly string $directory, private readonly string $secret = '')
    {
        if (@lstat($directory) === false) {
            @mkdir($directory, 0700, true); // if it fails, another worker has made it, or the next line says so
            clearstatcache(true, $directory);
        }
        $facts = @lstat($directory);
        if ($facts === false || ($facts['mode'] & 0170000) !== 0040000) {
            throw new \RuntimeException("Coatcheck cannot make its directory $directory");
        }
        if ($facts['uid'] !== self::user()) {
            throw new \RuntimeException("Coatcheck's directory $directory belongs to the user {$facts['uid']}, and this process runs as " . self::user() . ': remove it, or give the cache another directory');
        }
        if (($facts['mode'] & 0077) !== 0) {
            throw new \RuntimeException("Coatcheck's directory $directory is open to others: run chmod 700 $directory");
        }
    }

    /** In the system's temporary directory, apart for each user of the machine, server and service key. */
    public static function ofUser(string $url, string $serviceKey): self
    {
        $user = self::user();
        return new self(sys_get_temp_dir() . "/coatcheck-$user-" . substr(hash_hmac('sha256', $url, $serviceKey), 0, 16), $serviceKey);
    }

    public function get(string $key): mixed
    {
        $text = @file_get_contents($this->path($key));
        if ($text === false || strlen($text) < self::MAC + 12) {
            return null;
        }
        $content = substr($text, self::MAC);
        if (!hash_equals($this->mac($key, $content), substr($text, 0, self::MAC))) {
            // Also a file of an earlier version of this package, or under an earlier service key.
            error_log("Coatcheck: {$this->path($key)} carries no MAC of this cache, so it does not count");
            return null;
        }
        return (int) substr($content, 0, 12) > time() ? json_decode(substr($content, 12), true) : null;
    }

    public function set(string $key, mixed $value, int $seconds): void
    {
        $path = $this->path($key);
        if ($value === null) {
            @unlink($path);
            return;
        }
        $content = sprintf('%012d', time() + max(1, $seconds)) . json_encode($value, JSON_THROW_ON_ERROR);
        $text = $this->mac($key, $content) . $content;
        $aside = $path . '.' . bin2hex(random_bytes(6));
        if (@file_put_contents($aside, $text) !== strlen($text) || !@rename($aside, $path)) {
            @unlink($aside);
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
            if ($file->isFile() && (int) @file_get_contents($file->getPathname(), false, null, self::MAC, 12) <= time()) {
                @unlink($file->getPathname());
            }
        }
    }

    private function path(string $key): string
    {
        return $this->directory . '/' . hash('sha256', $key);
    }

    /** The key is part of it, so that a file does not count under another name. */
    private function mac(string $key, string $content): string
    {
        return hash_hmac('sha256', "$key\0$content", $this->secret);
    }

    /** The effective user of this process. (getmyuid() is the owner of the script.) */
    private static function user(): int
    {
        if (function_exists('posix_geteuid')) {
            return posix_geteuid();
        }
        $file = tmpfile();
        return $file === false ? -1 : fstat($file)['uid'];
    }
}
