<?php
// SPDX-License-Identifier: Apache-2.0
// Verdicts of a verifier against a live server, a line for each token on standard input: check.php URL KEY DIRECTORY [whenCut]
declare(strict_types=1);

error_reporting(E_ALL);
require __DIR__ . '/../autoload.php';

[, $url, $key, $directory] = $argv;
while (($token = fgets(STDIN)) !== false) {
    // A verifier anew for each, as a request of PHP has it: what lasts is the cache.
    $verifier = new Coatcheck\Verifier($url, $key, whenCut: $argv[4] ?? 'refuse', cutAfter: 1500, cache: new Coatcheck\FileCache($directory));
    $verdict = $verifier->check(rtrim($token, "\n"));
    echo $verdict->code, ' ', $verdict->user?->username, "\n";
}
