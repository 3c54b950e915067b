<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck\Laravel;

use Closure;
use Coatcheck\Authenticator;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Response;

/**
 * Middleware for Lumen and Laravel: `$request->user()` is a Coatcheck\User, or the answer is 401, 403, 400 or 503 with the
 * server's codes. As `coatcheck:optional` it lets requests without a token go on, without a user; one that is not good is
 * refused all the same.
 */
final class Authenticate
{
    public function __construct(private readonly Authenticator $authenticator)
    {
    }

    public function handle(Request $request, Closure $next, string $mode = 'required'): Response
    {
        // `_method` and X-HTTP-Method-Override make a POST another method: what was sent counts as well as what it stands for.
        $verdict = $this->authenticator->authenticate([$request->getRealMethod(), $request->getMethod()], static fn (string $name): array => array_values(array_map('strval', $request->headers->all($name))));
        $isNobody = $mode === 'optional' && $verdict->code === 'token_missing';
        if (!$verdict->isOk() && !$isNobody) {
            return new Response($verdict->body(), $verdict->status(), $verdict->headers());
        }
        $request->setUserResolver(static fn () => $verdict->user);
        return $next($request);
    }
}
