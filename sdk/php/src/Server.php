<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * Asks the server for the key set and for new revocations, at most once for all workers of a host.
 *
 * @internal
 */
final class Server
{
    /** In milliseconds: how old our revocations may be, and how long a request for them may take. */
    private const FRESH = 500;
    private const PATIENCE = 200;
    /** In seconds. */
    private const KEYS_GOOD_FOR = 300;
    private const KEYS_COOL_DOWN = 5;
    private const KEPT = 86_400;
    /** The revocations are fetched anew before the cache drops them because of their age. */
    private const FETCHED_ANEW = 43_200;

    public function __construct(private readonly string $url, private readonly string $serviceKey, private readonly Cache $cache)
    {
    }

    /**
     * Gives a key of the set. If the key is missing or the set is older than 300 seconds, fetches the set
     * again, but at most once every five seconds.
     */
    public function key(string $keyId): ?Key
    {
        $kept = $this->cache->get('keys');
        $isOld = !is_array($kept) || $kept['at'] + self::KEYS_GOOD_FOR < time();
        $keys = is_array($kept) ? (Key::set($kept['text']) ?? []) : [];
        if (($isOld || !isset($keys[":$keyId"])) && $this->cache->lock('keys', self::KEYS_COOL_DOWN)) {
            $text = $this->ask('/.well-known/jwks.json', [], 2000);
            if ($text !== null && ($fresh = Key::set($text)) !== null) {
                $keys = $fresh;
                $this->cache->set('keys', ['at' => time(), 'text' => $text], self::KEPT);
            }
        }
        return $keys[":$keyId"] ?? null;
    }

    /** Gives the revocations, their age in milliseconds and their cursor; null if they were never known. */
    public function revocations(): ?array
    {
        $known = $this->known();
        if ($this->age($known) > self::FRESH) {
            if ($this->cache->lock('feed', 1)) {
                try {
                    $known = $this->catchUp($known) ?? $known;
                } finally {
                    $this->cache->unlock('feed');
                }
            } else {
                // Another worker asks the server, and we use its answer.
                for ($waited = 0; $waited < self::PATIENCE && $this->age($known) > self::FRESH; $waited += 5) {
                    usleep(5000);
                    $known = $this->known();
                }
            }
        }
        return $known !== null ? [Revocations::of($this->cache, $known['table']), $this->age($known), $known['cursor']] : null;
    }

    /**
     * The workers' knowledge of the feed. An older version of this package may have written something else.
     */
    private function known(): ?array
    {
        $known = $this->cache->get('feed');
        return is_array($known) && isset($known['cursor'], $known['at'], $known['since'], $known['table']) ? $known : null;
    }

    /**
     * The cache has lost a part of the revocations at this cursor: the next check fetches all of them again,
     * unless another worker has stored newer ones meanwhile.
     */
    public function forget(string $cursor): void
    {
        if (($this->known()['cursor'] ?? null) !== $cursor) {
            return;
        }
        error_log('Coatcheck: the cache has lost revocations, so they are fetched again. Is it too small (apc.shm_size), or does something delete its files?');
        $this->cache->set('feed', null, 1);
    }

    /**
     * Milliseconds since the last answer, by the monotonic clock. That clock starts again when the machine
     * boots, but a FileCache survives the boot, so a negative age counts as infinitely old.
     */
    private function age(?array $known): int
    {
        $age = $known !== null ? intdiv(hrtime(true), 1_000_000) - $known['at'] : -1;
        return $age < 0 ? PHP_INT_MAX : $age;
    }

    private function catchUp(?array $known): ?array
    {
        $table = $known !== null ? Revocations::of($this->cache, $known['table']) : new Revocations($this->cache);
        if ($known === null || abs(time() - $known['since']) > self::FETCHED_ANEW) {
            return $this->catchUpFrom('', time(), $table->emptied());
        }
        try {
            return $this->catchUpFrom($known['cursor'], $known['since'], $table);
        } catch (LostRevocations) {
            $this->forget($known['cursor']);
            return $this->catchUpFrom('', time(), $table->emptied());
        }
    }

    private function catchUpFrom(string $cursor, int $since, Revocations $revocations): ?array
    {
        do {
            $asked = intdiv(hrtime(true), 1_000_000);
            $headers = ["Authorization: Bearer $this->serviceKey", ...($cursor === '' ? [] : ["If-None-Match: \"$cursor\""])];
            $text = $this->ask('/api/v1/revocations?since=' . rawurlencode($cursor), $headers, self::PATIENCE, $status, $serverTime);
            if ($status === 304) {
                break;
            }
            $answer = $text === null ? null : json_decode($text, true);
            if (!is_array($answer) || !is_string($answer['cursor'] ?? null) || !is_array($answer['entries'] ?? null)) {
                return null;
            }
            if ($answer['reset'] ?? false) {
                // The server's database was restored, or this is the first answer: earlier entries are void.
                $revocations = $revocations->emptied();
                $since = time();
            }
            $cursor = $answer['cursor'];
            $revocations->add($answer['entries'], $serverTime, self::KEPT);
        } while ($answer['more'] ?? false);
        $revocations->tidy();
        // Only after every entry is stored: the cursor must never point past an entry that is not in the
        // cache.
        $known = ['cursor' => $cursor, 'at' => $asked, 'since' => $since, 'table' => $revocations->table()];
        // If this took longer than the lock lasts, another worker may have stored something newer.
        $newer = $this->known();
        if ($this->age($newer) < $this->age($known)) {
            return $newer;
        }
        $this->cache->set('feed', $known, self::KEPT);
        return $known;
    }

    /**
     * $serverTime becomes the time by the server's clock, in Unix seconds; 0 if the answer does not say it.
     *
     * @param list<string> $headers
     */
    private function ask(string $path, array $headers, int $milliseconds, ?int &$status = null, ?int &$serverTime = null): ?string
    {
        $context = stream_context_create(['http' => [
            'header' => $headers, 'timeout' => $milliseconds / 1000, 'follow_location' => 0, 'ignore_errors' => true, 'protocol_version' => 1.1,
        ]]);
        $text = @file_get_contents($this->url . $path, false, $context);
        $status = preg_match('/^HTTP\/1\.[01] (\d{3})/', $http_response_header[0] ?? '', $found) === 1 ? (int) $found[1] : 0;
        $dates = preg_grep('/^date:/i', $http_response_header ?? []);
        $serverTime = $dates === [] ? 0 : (int) strtotime(substr(reset($dates), 5));
        return $text !== false && $status === 200 ? $text : null;
    }
}
