<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

use Closure;
use DateTimeInterface;

/**
 * Tokens that their client cannot read (`token_format: crypt`), in a header of their own: whoever has the key decrypts them,
 * such as Laravel's Encrypter, and Coatcheck says whether their session goes on.
 */
final class EncryptedTokens
{
    /**
     * @param Closure(string): mixed $decrypt What a token holds; false where it was made with another key.
     * @param bool|DateTimeInterface $taken With a date: until then.
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
        // Base64 of {"iv", "value", "mac"}; what is in it is the decrypter's to judge.
        $parts = json_decode((string) base64_decode($token, true));
        if (!is_object($parts) || !isset($parts->iv, $parts->value, $parts->mac)) {
            return Verdict::no('token_malformed');
        }
        $held = ($this->decrypt)($token);
        return $held === false ? Verdict::no('token_not_ours') : $this->verifier->checkDecrypted($held);
    }
}
