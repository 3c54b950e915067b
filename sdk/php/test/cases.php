<?php
// SPDX-License-Identifier: Apache-2.0
// Runs api/cases: this verifier must give the server's verdict on every case.
declare(strict_types=1);

use Coatcheck\Authenticator;
use Coatcheck\Claims;
use Coatcheck\Encryption;
use Coatcheck\FileCache;
use Coatcheck\ForeignIssuer;
use Coatcheck\Key;
use Coatcheck\Revocations;
use Coatcheck\Server;
use Coatcheck\TokenVerifier;
use Coatcheck\Verdict;
use Coatcheck\Verifier;

error_reporting(E_ALL);
set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    if ((error_reporting() & $level) === 0) {
        return true; // the code silenced it with @
    }
    throw new ErrorException($message, 0, $level, $file, $line);
});
require __DIR__ . '/../autoload.php';
require __DIR__ . '/MemoryCache.php';

[$passed, $failed] = [0, 0];
foreach (glob(__DIR__ . '/../../../api/cases/*.json') as $file) {
    $set = json_decode(file_get_contents($file), true, 64, JSON_THROW_ON_ERROR);
    $keys = Key::set(json_encode($set['jwks'], JSON_THROW_ON_ERROR));
    $revocations = new Revocations(new MemoryCache(), 'cases');
    $revocations->add($set['revocations']);
    $encryption = isset($set['encryption_keys']) ? new Encryption($set['encryption_keys']) : null;
    $at = static fn (int $time): DateTimeImmutable => new DateTimeImmutable("@$time");
    $foreign = array_map(static fn (array $one): ForeignIssuer => new ForeignIssuer($one['name'], $one['algorithm'], $one['key'], $at($one['until']), $one['iss'], $one['audience'] ?: null,
        $one['subject'], $one['id_prefix'], $at($one['issued_before']), $one['require']), $set['foreign'] ?? []);
    foreach ($set['cases'] as $case) {
        ['name' => $name, 'token' => $token, 'now' => $now, 'verdict' => $expected] = $case;
        $verdict = Verifier::judge($token, static fn (string $id): ?Key => $keys[":$id"] ?? null, $revocations, $set['issuer'], $set['audience'], (int) round($now * 1000), $encryption);
        $verdict = ForeignIssuer::judge($foreign, $token, $revocations, (int) round($now * 1000)) ?? $verdict;
        if ($verdict->code === $expected && $verdict->user?->id === ($case['user'] ?? null)) {
            ++$passed;
        } else {
            ++$failed;
            echo basename($file), ": $name: $verdict->code, should be $expected\n";
        }
    }
}

$set = json_decode(file_get_contents(__DIR__ . '/../../../api/cases/requests/requests.json'), true, 64, JSON_THROW_ON_ERROR);
$keys = Key::set(json_encode($set['jwks'], JSON_THROW_ON_ERROR));
$revocations = new Revocations(new MemoryCache(), 'requests');
$revocations->add($set['revocations']);
$verifier = new class ($set, $keys, $revocations) implements TokenVerifier {
    public function __construct(private readonly array $set, private readonly array $keys, private readonly Revocations $revocations)
    {
    }

    public function check(string $token): Verdict
    {
        return Verifier::judge($token, fn (string $id): ?Key => $this->keys[":$id"] ?? null, $this->revocations, $this->set['issuer'], $this->set['audience'], $this->set['now'] * 1000);
    }
};
foreach ($set['cases'] as $case) {
    ['name' => $name, 'method' => $method, 'fields' => $fields, 'verdict' => $expected] = $case;
    $authenticator = new Authenticator($verifier, $set['origins'], $set['origin'], xToken: true, bareAuthorization: $case['bare'] ?? false);
    $all = static fn (string $wanted): array => array_column(array_filter($fields, static fn (array $field): bool => strtolower($field[0]) === $wanted), 1);
    $code = $authenticator->authenticate([$method], $all)->code;
    if ($code === $expected) {
        ++$passed;
    } else {
        ++$failed;
        echo "request: $name: $code, should be $expected\n";
    }
}

// An entry that comes again must not shorten the first one. This needs a cache that forgets.
$directory = sys_get_temp_dir() . '/coatcheck-cases-' . bin2hex(random_bytes(6));
$revocations = new Revocations(new FileCache($directory), 'again');
$entry = static fn (int $minimum, int $life): array => ['kind' => 'user_revoked', 'subject' => 'u', 'minimum' => $minimum, 'expires' => time() + $life];
$revocations->add([$entry(5, 900), $entry(3, 0)]);
sleep(2);
$claims = static fn (int $version): Claims => new Claims('i', ['a'], 'u', 's', '', [], '', $version, 1, 2, 0, []);
foreach ([[4, 'token_revoked'], [5, null]] as [$version, $expected]) {
    $verdict = $revocations->judge($claims($version));
    $verdict === $expected ? ++$passed : ++$failed;
    echo $verdict === $expected ? '' : "an entry that came again: version $version: $verdict\n";
}
array_map(unlink(...), glob("$directory/*"));
rmdir($directory);

/** @param mixed $given */
$is = static function (string $what, mixed $given, mixed $expected) use (&$passed, &$failed): void {
    $given === $expected ? ++$passed : ++$failed;
    echo $given === $expected ? '' : "$what: " . var_export($given, true) . "\n";
};
// The monotonic clock starts again when the machine boots, but a FileCache survives the boot. An entry of an
// earlier boot must not count as fresh.
$cache = new MemoryCache();
$cache->set('feed', ['cursor' => 'e.1', 'at' => intdiv(hrtime(true), 1_000_000) + 100_000], 60);
$is('the age of what another boot knew', (new Server('http://127.0.0.1:1', 'key', $cache))->revocations()[1], PHP_INT_MAX);

// An older system from a configuration, which names a key file and holds no key.
$file = tempnam(sys_get_temp_dir(), 'coatcheck-cases-');
file_put_contents($file, 'a secret of the older system, long' . "\n");
$older = ForeignIssuer::fromArray(['name' => 'old', 'algorithm' => 'HS256', 'key_file' => $file, 'until' => gmdate('Y-m-d'), 'issued_before' => gmdate('Y-m-d', time() + 86400), 'id_prefix' => 'o-']);
unlink($file);
$part = static fn (array $what): string => rtrim(strtr(base64_encode(json_encode($what)), '+/', '-_'), '=');
$input = $part(['alg' => 'HS256']) . '.' . $part(['sub' => 7, 'iat' => time() - 10]);
$token = $input . '.' . rtrim(strtr(base64_encode(hash_hmac('sha256', $input, 'a secret of the older system, long', true)), '+/', '-_'), '=');
$none = new Revocations(new MemoryCache(), 'none');
$is('a token of it', ForeignIssuer::judge([$older], $token, $none, time() * 1000)->user?->id, 'o-7');
$is('the day after its last', ForeignIssuer::judge([$older], $token, $none, (time() + 86400) * 1000)->code, 'token_expired');

echo "$passed passed, $failed failed\n";
exit($failed === 0 && $passed > 500 ? 0 : 1);
