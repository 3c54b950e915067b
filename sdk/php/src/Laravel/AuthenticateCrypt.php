<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck\Laravel;

use Closure;
use Coatcheck\Verdict;
use Coatcheck\Verifier;
use Illuminate\Contracts\Encryption\DecryptException;
use Illuminate\Contracts\Encryption\Encrypter;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Response;

/**
 * Middleware for encrypted tokens that Coatcheck issues (`accept.crypt`): decrypted by Laravel's own Encrypter with the same
 * key, and refused once their session has ended. `$request->user()` is a Coatcheck\User without name and roles.
 */
final class AuthenticateCrypt
{
    public function __construct(private readonly Verifier $verifier, private readonly Encrypter $encrypter, private readonly string $header = 'AccessToken')
    {
    }

    public function handle(Request $request, Closure $next): Response
    {
        $verdict = $this->judge(array_values(array_map('strval', $request->headers->all($this->header))));
        if (!$verdict->isOk()) {
            return new Response($verdict->body(), $verdict->status(), $verdict->headers());
        }
        $request->setUserResolver(static fn () => $verdict->user);
        return $next($request);
    }

    /** @param list<string> $tokens */
    private function judge(array $tokens): Verdict
    {
        if (count($tokens) !== 1) {
            return Verdict::no($tokens === [] ? 'token_missing' : 'credential_conflict');
        }
        try {
            return $this->verifier->checkDecrypted($this->encrypter->decrypt($tokens[0]));
        } catch (DecryptException) {
            return Verdict::no('token_not_ours');
        }
    }
}
