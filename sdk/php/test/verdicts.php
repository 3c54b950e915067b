<?php
// SPDX-License-Identifier: Apache-2.0
// Used by tests/verifiers/differential.mjs: `verdicts.php SET TOKENS` prints one verdict for each line of
// TOKENS (a token in Base64), with the keys, the revocations and the `now` of SET, a file in the form of
// api/cases.
declare(strict_types=1);

use Coatcheck\Encryption;
use Coatcheck\Key;
use Coatcheck\Revocations;
use Coatcheck\Verifier;

error_reporting(E_ALL);
set_error_handler(static function (int $level, string $message, string $file, int $line): never {
    throw new ErrorException($message, 0, $level, $file, $line);
});
require __DIR__ . '/../autoload.php';
require __DIR__ . '/MemoryCache.php';

[, $setFile, $tokensFile] = $argv;
$set = json_decode(file_get_contents($setFile), true, 64, JSON_THROW_ON_ERROR);
$keys = Key::set(json_encode($set['jwks'], JSON_THROW_ON_ERROR));
$revocations = new Revocations(new MemoryCache());
$revocations->add($set['revocations'], 0, 60);
$encryption = new Encryption($set['encryption_keys'], only: false);
$find = static fn (string $id): ?Key => $keys[":$id"] ?? null;
foreach (file($tokensFile, FILE_IGNORE_NEW_LINES) as $line) {
    echo Verifier::judge(base64_decode($line, true), $find, $revocations, $set['issuer'], $set['audience'], $set['now'] * 1000, $encryption)->code, "\n";
}
