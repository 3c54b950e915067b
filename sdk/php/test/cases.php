<?php
// SPDX-License-Identifier: Apache-2.0
// api/cases: the same verdicts as the server's, on every case.
declare(strict_types=1);

use Coatcheck\Authenticator;
use Coatcheck\Key;
use Coatcheck\Revocations;
use Coatcheck\TokenVerifier;
use Coatcheck\Verdict;
use Coatcheck\Verifier;

error_reporting(E_ALL);
set_error_handler(static function (int $level, string $message, string $file, int $line): never {
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
    foreach ($set['cases'] as $case) {
        ['name' => $name, 'token' => $token, 'now' => $now, 'verdict' => $expected] = $case;
        $verdict = Verifier::judge($token, static fn (string $id): ?Key => $keys[":$id"] ?? null, $revocations, $set['issuer'], $set['audience'], (int) round($now * 1000));
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
$authenticator = new Authenticator($verifier, $set['origins'], $set['origin'], xToken: true);
foreach ($set['cases'] as ['name' => $name, 'method' => $method, 'fields' => $fields, 'verdict' => $expected]) {
    $all = static fn (string $wanted): array => array_column(array_filter($fields, static fn (array $field): bool => strtolower($field[0]) === $wanted), 1);
    $code = $authenticator->authenticate([$method], $all)->code;
    if ($code === $expected) {
        ++$passed;
    } else {
        ++$failed;
        echo "request: $name: $code, should be $expected\n";
    }
}
echo "$passed passed, $failed failed\n";
exit($failed === 0 && $passed > 500 ? 0 : 1);
