<?php
// SPDX-License-Identifier: Apache-2.0
// api/cases: the same verdicts as the server's, on every case.
declare(strict_types=1);

use Coatcheck\Key;
use Coatcheck\Revocations;
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
echo "$passed passed, $failed failed\n";
exit($failed === 0 && $passed > 500 ? 0 : 1);
