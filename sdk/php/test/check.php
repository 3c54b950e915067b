<?php
// SPDX-License-Identifier: Apache-2.0
// Usage: check.php URL KEY DIRECTORY [whenCut]. Prints the verdict of a live server's verifier for each token
// on standard input.
declare(strict_types=1);

error_reporting(E_ALL);
require __DIR__ . '/../autoload.php';

[, $url, $key, $directory] = $argv;
while (($token = fgets(STDIN)) !== false) {
    // A new verifier for each token, as in a real PHP request: only the cache lasts.
    $verifier = new Coatcheck\Verifier($url, $key, whenCut: $argv[4] ?? 'refuse', cutAfter: 1500, cache: new Coatcheck\FileCache($directory));
    $verdict = $verifier->check(rtrim($token, "\n"));
    echo $verdict->code, ' ', $verdict->user?->username, "\n";
}
