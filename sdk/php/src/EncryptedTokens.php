<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

use Closure;
use DateTimeInterface;

/**
 * Accepts crypt tokens (`token_format: crypt`), which the client cannot read, in a header of their own. The
 * application decrypts them, for example with Laravel's Encrypter, and Coatcheck says whether their session
 * is still live.
 */
final class EncryptedTokens
{
    /**
     * @param Closure(string): mixed $decrypt Gives the values in a token; false if another key encrypted it.
     * @param bool|DateTimeInterface $taken Whether these tokens are accepted. A date says until when.
     */
    public function __construct(
        private readonly Verifier $verifier,
        private readonly Closure $decrypt,
        private readonly string $header = 'AccessToken',
        private readonly bool|DateTimeInterface $taken = true,
    ) {
    }

    /**
     * @internal
     * @param callable(string): list<string> $all
     * @return list<string>
     */
    public function sent(callable $all): array
    {
        return Authenticator::isTaken($this->taken) ? array_map(static fn (string $token): string => $token === '' ? '-' : $token, $all(strtolower($this->header))) : [];
    }

    public function check(string $token): Verdict
    {
        // Base64 of {"iv", "value", "mac"}. The decrypter judges the contents.
        $parts = json_decode((string) base64_decode($token, true));
        if (!is_object($parts) || !isset($parts->iv, $parts->value, $parts->mac)) {
            return Verdict::no('token_malformed');
        }
        $held = ($this->decrypt)($token);
        return $held === false ? Verdict::no('token_not_ours') : $this->verifier->checkDecrypted($held);
    }
}
