<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck\Laravel;

use Closure;
use Coatcheck\Authenticator;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Response;

/**
 * Middleware for Lumen and Laravel. It makes `$request->user()` a Coatcheck\User, or answers 401, 403, 400 or
 * 503 with the server's codes. As `coatcheck:optional` it lets a request without a token pass, without a
 * user; a request with a bad token is still refused. A preflight (CORS) without a token always passes.
 */
final class Authenticate
{
    public function __construct(private readonly Authenticator $authenticator)
    {
    }

    public function handle(Request $request, Closure $next, string $mode = 'required'): Response
    {
        // `_method` and X-HTTP-Method-Override turn a POST into another method. Both methods count, the one
        // that was sent and the one that replaces it.
        $verdict = $this->authenticator->authenticate([$request->getRealMethod(), $request->getMethod()], static fn (string $name): array => array_values(array_map('strval', $request->headers->all($name))));
        $isNobody = $verdict->code === 'token_missing' && ($mode === 'optional' || self::isPreflight($request));
        if (!$verdict->isOk() && !$isNobody) {
            return new Response($verdict->body(), $verdict->status(), $verdict->headers());
        }
        $request->setUserResolver(static fn () => $verdict->user);
        return $next($request);
    }

    /** True for a preflight (Fetch §3.2.2), which browsers send without credentials. */
    private static function isPreflight(Request $request): bool
    {
        return $request->getRealMethod() === 'OPTIONS' && $request->getMethod() === 'OPTIONS'
            && count($request->headers->all('origin')) === 1
            && count($request->headers->all('access-control-request-method')) === 1;
    }
}
