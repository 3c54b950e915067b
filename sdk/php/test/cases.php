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
    $revocations = new Revocations(new MemoryCache());
    $revocations->add($set['revocations'], 0, 60);
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

$cases = json_decode(file_get_contents(__DIR__ . '/../../../api/cases/key-sets/key-sets.json'), false, 64, JSON_THROW_ON_ERROR)->cases;
foreach ($cases as $case) {
    $bytes = $case->otherwise === null ? [] : [Key::FOREIGN_RSA_BYTES, $case->otherwise];
    $keys = Key::set(json_encode($case->set, JSON_THROW_ON_ERROR), ...$bytes);
    $kids = $keys === null ? null : array_map(static fn (Key $key): string => $key->id, array_values($keys));
    if ($kids === $case->kids) {
        ++$passed;
    } else {
        ++$failed;
        echo "key set: $case->name: ", json_encode($kids), ', should be ', json_encode($case->kids), "\n";
    }
}

// A member's name may begin with NUL, which PHP takes for no name of a property.
$jwk = get_object_vars($cases[0]->set->keys[0]);
if (count(Key::set(json_encode(['keys' => [$jwk + ["\0a" => 1]]], JSON_THROW_ON_ERROR)) ?? []) === 1) {
    ++$passed;
} else {
    ++$failed;
    echo "key set: a name that begins with NUL\n";
}

$set = json_decode(file_get_contents(__DIR__ . '/../../../api/cases/requests/requests.json'), true, 64, JSON_THROW_ON_ERROR);
$keys = Key::set(json_encode($set['jwks'], JSON_THROW_ON_ERROR));
$revocations = new Revocations(new MemoryCache());
$revocations->add($set['revocations'], 0, 60);
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

/** @param mixed $given */
$is = static function (string $what, mixed $given, mixed $expected) use (&$passed, &$failed): void {
    $given === $expected ? ++$passed : ++$failed;
    echo $given === $expected ? '' : "$what: " . var_export($given, true) . "\n";
};
// The monotonic clock starts again when the machine boots, but a FileCache survives the boot. An entry of an
// earlier boot must not count as fresh.
$cache = new MemoryCache();
$cache->set('feed', ['cursor' => 'e.1', 'at' => intdiv(hrtime(true), 1_000_000) + 100_000, 'since' => time(), 'table' => (new Revocations($cache))->table()], 60);
$is('the age of what another boot knew', (new Server('http://127.0.0.1:1', 'key', $cache))->revocations()[1], PHP_INT_MAX);

/** What $act throws, as "class: message". */
$thrown = static function (callable $act): ?string {
    try {
        $act();
    } catch (Throwable $error) {
        return get_class($error) . ': ' . $error->getMessage();
    }
    return null;
};
$refuses = static function (string $what, string $why, callable $act) use ($is, $thrown): void {
    $is($what, str_contains($thrown($act) ?? 'nothing', $why), true);
};

// An entry that comes again must not shorten the first one.
$directory = sys_get_temp_dir() . '/coatcheck-cases-' . bin2hex(random_bytes(6));
$cache = new FileCache($directory, 'secret');
$revocations = new Revocations($cache);
$entry = static fn (int $minimum, int $life, string $subject = 'u'): array => ['kind' => 'user_revoked', 'subject' => $subject, 'minimum' => $minimum, 'expires' => time() + $life];
$revocations->add([$entry(5, 900), $entry(3, 0)], time(), 60);
$claims = static fn (int $version): Claims => new Claims('i', ['a'], 'u', 's', '', [], '', $version, 1, 2, 0, []);
$is('an entry that came again', $revocations->judge($claims(4)), 'token_revoked');
$is('an entry that came again, of a newer version', $revocations->judge($claims(5)), null);

// Issue 18, row 4. A clock that was ahead made entries expire; now only the server's time counts.
$revocations->add([['kind' => 'session', 'subject' => 's', 'expires' => time() - 3600]], time() - 7200, 60);
$revocations->add([$entry(1, 900, 'another')], time() - 7200, 60);
$is('an entry that has expired by this clock alone', $revocations->judge($claims(5)), 'token_revoked');

// A cleaner of temporary files, or APCu that is full, takes a part of them.
$known = $revocations->table();
$is('what another worker reads', Revocations::of($cache, $known)->judge($claims(5)), 'token_revoked');
foreach ($known['names'] as $name) {
    unlink($directory . '/' . hash('sha256', "revocations:$name"));
}
$refuses('a lost shard', 'LostRevocations', static fn () => Revocations::of($cache, $known)->judge($claims(5)));
$refuses('a lost shard that would change', 'LostRevocations', static fn () => Revocations::of($cache, $known)->add([$entry(1, 900, 'another')], time(), 60));

// Issue 18, row 1. Nothing counts that another user, or anything but Coatcheck, has written.
$cache->set('a', ['x' => 1], 60);
$is('what the cache has written', $cache->get('a'), ['x' => 1]);
$file = $directory . '/' . hash('sha256', 'a');
ini_set('error_log', '/dev/null');
$is('a file under another secret', (new FileCache($directory, 'another'))->get('a'), null);
copy($file, $directory . '/' . hash('sha256', 'b'));
$is('a file under another name', $cache->get('b'), null);
file_put_contents($file, str_replace('"x":1', '"x":2', file_get_contents($file)));
$is('a file that was changed', $cache->get('a'), null);
file_put_contents($file, sprintf('%012d', time() + 60) . '{"x":1}');
$is('a file of the version before', $cache->get('a'), null);
$cache->set('a', null, 1);
$is('what was removed', $cache->get('a'), null);
chmod($directory, 0755);
$refuses('a directory that others can read', 'chmod 700', static fn () => new FileCache($directory, 'secret'));
chmod($directory, 0700);
symlink($directory, "$directory-link");
$refuses('a link', 'cannot make', static fn () => new FileCache("$directory-link", 'secret'));
unlink("$directory-link");
if (posix_geteuid() === 0) {
    chown($directory, 65534);
    $refuses('a directory of another user', 'belongs to the user 65534', static fn () => new FileCache($directory, 'secret'));
    chown($directory, 0);
}
array_map(unlink(...), glob("$directory/*"));
rmdir($directory);

// An older system from a configuration, which names a key file and holds no key.
$file = tempnam(sys_get_temp_dir(), 'coatcheck-cases-');
file_put_contents($file, 'a secret of the older system, long' . "\n");
$older = ForeignIssuer::fromArray(['name' => 'old', 'algorithm' => 'HS256', 'key_file' => $file, 'until' => gmdate('Y-m-d'), 'issued_before' => gmdate('Y-m-d', time() + 86400), 'id_prefix' => 'o-']);
unlink($file);
$part = static fn (array $what): string => rtrim(strtr(base64_encode(json_encode($what)), '+/', '-_'), '=');
$input = $part(['alg' => 'HS256']) . '.' . $part(['sub' => 7, 'iat' => time() - 10]);
$token = $input . '.' . rtrim(strtr(base64_encode(hash_hmac('sha256', $input, 'a secret of the older system, long', true)), '+/', '-_'), '=');
$none = new Revocations(new MemoryCache());
$is('a token of it', ForeignIssuer::judge([$older], $token, $none, time() * 1000)->user?->id, 'o-7');
$is('the day after its last', ForeignIssuer::judge([$older], $token, $none, (time() + 86400) * 1000)->code, 'token_expired');

echo "$passed passed, $failed failed\n";
exit($failed === 0 && $passed > 500 ? 0 : 1);
