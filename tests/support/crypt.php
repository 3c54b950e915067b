<?php
// SPDX-License-Identifier: Apache-2.0
// For tests: runs Laravel's own Crypt. Usage: crypt.php CIPHER KEY (KEY in the form of APP_KEY). It answers
// each line on standard input:
//   decrypt PAYLOAD   prints what Crypt::decrypt() gives, as JSON, or "error MESSAGE"
//   snippet ID        makes a token as the usual snippet does: Carbon objects, serialized twice
//   expired ID        makes such a token that expired an hour ago
//   plain ID          makes a token with times in seconds, serialized once
//   json ID           makes a token in JSON
//   later ID          makes a token whose time of issue is two minutes from now
//   over ID           makes a token in Coatcheck's own form that expired an hour ago
declare(strict_types=1);

error_reporting(E_ALL & ~E_DEPRECATED);
require '/usr/share/php/Illuminate/Encryption/autoload.php';
require '/usr/share/php/Carbon/autoload.php';

use Carbon\Carbon;

[, $cipher, $key] = $argv;
$crypt = new Illuminate\Encryption\Encrypter(base64_decode(substr($key, strlen('base64:'))), $cipher);
while (($line = fgets(STDIN)) !== false) {
    [$command, $word] = explode(' ', rtrim($line, "\n"), 2);
    try {
        echo match ($command) {
            'decrypt' => json_encode($crypt->decrypt($word), JSON_THROW_ON_ERROR),
            'snippet' => $crypt->encrypt(serialize(['user_id' => $word, 'time_stemp' => Carbon::now(), 'expire_on' => Carbon::now()->addDays(2)])),
            'expired' => $crypt->encrypt(serialize(['user_id' => $word, 'time_stemp' => Carbon::now()->subDays(2), 'expire_on' => Carbon::now()->subHour()])),
            'plain' => $crypt->encrypt(['user_id' => $word, 'time_stamp' => time(), 'expire_on' => time() + 3600]),
            'later' => $crypt->encrypt(['user_id' => $word, 'time_stamp' => time() + 120, 'expire_on' => time() + 3600]),
            'over' => $crypt->encrypt(['user_id' => $word, 'time_stamp' => time() - 7200, 'expire_on' => time() - 3600, 'session' => 's', 'ver' => 1]),
            'json' => $crypt->encryptString(json_encode(['user_id' => $word, 'time_stamp' => time(), 'expire_on' => Carbon::now()->addDays(2)], JSON_THROW_ON_ERROR)),
        }, "\n";
    } catch (Throwable $problem) {
        echo 'error ', $problem->getMessage(), "\n";
    }
}
