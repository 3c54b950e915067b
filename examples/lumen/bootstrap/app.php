<?php
// SPDX-License-Identifier: Apache-2.0
// A Lumen application whose routes below /api ask for a token of Coatcheck.
declare(strict_types=1);

use Illuminate\Http\Request;

// Debian's php-laravel-lumen-framework; with Composer: require 'vendor/autoload.php', which has Coatcheck as well.
require_once 'Laravel/Lumen/autoload.php';
require_once dirname(__DIR__, 3) . '/sdk/php/autoload.php';

$app = new Laravel\Lumen\Application(dirname(__DIR__));
$app->register(Coatcheck\Laravel\ServiceProvider::class); // COATCHECK_URL and COATCHECK_SERVICE_KEY
$app->routeMiddleware(['coatcheck' => Coatcheck\Laravel\Authenticate::class, 'crypt' => Coatcheck\Laravel\AuthenticateCrypt::class]);

$app->router->get('/healthz', fn () => ['status' => 'ok']);
$app->router->get('/api/hello', ['middleware' => 'coatcheck:optional', fn (Request $request) => ['hello' => $request->user()?->username ?? 'whoever you are']]);
$app->router->group(['prefix' => 'api', 'middleware' => 'coatcheck'], function ($router): void {
    $router->get('me', fn (Request $request) => ['id' => $request->user()->id, 'username' => $request->user()->username, 'roles' => $request->user()->roles]);
    $router->post('posts', fn (Request $request) => response()->json(['author' => $request->user()->username, 'text' => $request->input('text')], 201));
});

// For clients with an encrypted token, which Laravel's own Encrypter reads with the key in COATCHECK_CRYPT_KEY.
$app->router->get('/older/me', ['middleware' => 'crypt', fn (Request $request) => ['id' => $request->user()->id]]);

return $app;
