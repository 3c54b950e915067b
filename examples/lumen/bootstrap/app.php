<?php
// SPDX-License-Identifier: Apache-2.0
// A Lumen application whose routes below /api need a token from Coatcheck.
declare(strict_types=1);

use Illuminate\Http\Request;

// Debian's php-laravel-lumen-framework. With Composer, require 'vendor/autoload.php' instead, which loads
// Coatcheck too.
require_once 'Laravel/Lumen/autoload.php';
require_once dirname(__DIR__, 3) . '/sdk/php/autoload.php';

/** Gives the last ten posts, which a file keeps. With $new it adds a post and gives that one. */
function posts(?array $new = null): array
{
    $file = fopen(sys_get_temp_dir() . '/coatcheck-lumen-posts.json', 'c+');
    flock($file, LOCK_EX);
    $posts = json_decode((string) stream_get_contents($file), true) ?? [['id' => 1, 'author' => 'Coatcheck', 'text' => 'Hang up your coat.']];
    if ($new === null) {
        return $posts;
    }
    $new = ['id' => end($posts)['id'] + 1] + $new;
    ftruncate($file, 0);
    rewind($file);
    fwrite($file, json_encode(array_slice([...$posts, $new], -10), JSON_THROW_ON_ERROR));
    return $new;
}

$app = new Laravel\Lumen\Application(dirname(__DIR__));
$app->register(Coatcheck\Laravel\ServiceProvider::class); // reads COATCHECK_URL and COATCHECK_SERVICE_KEY
$app->routeMiddleware(['coatcheck' => Coatcheck\Laravel\Authenticate::class]);

$app->router->get('/healthz', fn () => ['status' => 'ok']);
$app->router->get('/api/hello', ['middleware' => 'coatcheck:optional', fn (Request $request) => ['hello' => $request->user()?->username ?? 'guest']]);
$app->router->group(['prefix' => 'api', 'middleware' => 'coatcheck'], function ($router): void {
    $router->get('me', fn (Request $request) => ['id' => $request->user()->id, 'username' => $request->user()->username, 'roles' => $request->user()->roles]);
    $router->get('posts', fn (Request $request) => ['reader' => $request->user()->username, 'posts' => posts()]);
    $router->post('posts', fn (Request $request) => response()->json(posts(['author' => $request->user()->username, 'text' => mb_substr((string) $request->input('text'), 0, 200)]), 201));
});

// Also for clients with a crypt token, which holds no more than the user's id.
$app->router->get('/older/me', ['middleware' => 'coatcheck', fn (Request $request) => ['id' => $request->user()->id]]);

return $app;
