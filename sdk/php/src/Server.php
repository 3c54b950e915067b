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
                $this->cache->set('keys', ['at' => time(), 'text' => $text], self::KEPT);
                $keys = $fresh;
            }
        }
        return $keys[":$keyId"] ?? null;
    }

    /** Gives the revocations and their age in milliseconds; null if they were never known. */
    public function revocations(): ?array
    {
        $known = $this->cache->get('feed');
        if ($this->age($known) > self::FRESH) {
            if ($this->cache->lock('feed', 1)) {
                $known = $this->catchUp($known) ?? $known;
                $this->cache->unlock('feed');
            } else {
                // Another worker asks the server, and we use its answer.
                for ($waited = 0; $waited < self::PATIENCE && $this->age($known) > self::FRESH; $waited += 5) {
                    usleep(5000);
                    $known = $this->cache->get('feed');
                }
            }
        }
        return is_array($known) ? [new Revocations($this->cache, explode('.', $known['cursor'])[0]), $this->age($known)] : null;
    }

    /**
     * Milliseconds since the last answer, by the monotonic clock. That clock starts again when the machine
     * boots, but a FileCache survives the boot, so a negative age counts as infinitely old.
     */
    private function age(mixed $known): int
    {
        $age = is_array($known) ? intdiv(hrtime(true), 1_000_000) - $known['at'] : -1;
        return $age < 0 ? PHP_INT_MAX : $age;
    }

    private function catchUp(mixed $known): ?array
    {
        $cursor = is_array($known) ? $known['cursor'] : '';
        do {
            $asked = intdiv(hrtime(true), 1_000_000);
            $headers = ["Authorization: Bearer $this->serviceKey", ...($cursor === '' ? [] : ["If-None-Match: \"$cursor\""])];
            $text = $this->ask('/api/v1/revocations?since=' . rawurlencode($cursor), $headers, self::PATIENCE, $status);
            if ($status === 304) {
                break;
            }
            $answer = $text === null ? null : json_decode($text, true);
            if (!is_array($answer) || !is_string($answer['cursor'] ?? null) || !is_array($answer['entries'] ?? null)) {
                return null;
            }
            $cursor = $answer['cursor'];
            (new Revocations($this->cache, explode('.', $cursor)[0]))->add($answer['entries']);
        } while ($answer['more'] ?? false);
        // Only after every entry is stored: the cursor must never point past an entry that is not in the
        // cache.
        $known = ['cursor' => $cursor, 'at' => $asked];
        $this->cache->set('feed', $known, self::KEPT);
        return $known;
    }

    /** @param list<string> $headers */
    private function ask(string $path, array $headers, int $milliseconds, ?int &$status = null): ?string
    {
        $context = stream_context_create(['http' => [
            'header' => $headers, 'timeout' => $milliseconds / 1000, 'follow_location' => 0, 'ignore_errors' => true, 'protocol_version' => 1.1,
        ]]);
        $text = @file_get_contents($this->url . $path, false, $context);
        $status = preg_match('/^HTTP\/1\.[01] (\d{3})/', $http_response_header[0] ?? '', $found) === 1 ? (int) $found[1] : 0;
        return $text !== false && $status === 200 ? $text : null;
    }
}
