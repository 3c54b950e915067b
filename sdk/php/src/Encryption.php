<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * Decrypts tokens that the client cannot read: a JWE (RFC 7516) with `dir` and A256GCM around a signed JWT,
 * by the server's rules. Encryption does not prove who wrote a token, so the verifier checks the inner JWT
 * like any other.
 */
final class Encryption
{
    private const KEY_BYTES = 32;
    private const IV_BYTES = 12;
    private const TAG_BYTES = 16;

    /** @var array<string, string> Keyed by ":" and the kid, the RFC 7638 thumbprint. */
    private array $keys = [];

    /**
     * @param list<string> $keys Each in the form of the server's `tokens.encryption_key_file`: "base64:" and
     *   32 bytes.
     * @param bool $only Refuses all other tokens (`tokens.format = "jwe"`).
     */
    public function __construct(#[\SensitiveParameter] array $keys, public readonly bool $only = true)
    {
        foreach ($keys as $line) {
            $key = str_starts_with($line, 'base64:') ? base64_decode(substr($line, 7), true) : false;
            if ($key === false || strlen($key) !== self::KEY_BYTES) {
                throw new \InvalidArgumentException('An encryption key is "base64:" and 32 bytes.');
            }
            $text = Token::encode($key);
            $this->keys[':' . Token::encode(hash('sha256', "{\"k\":\"$text\",\"kty\":\"oct\"}", true))] = $key;
        }
    }

    public static function isEncrypted(string $token): bool
    {
        return substr_count($token, '.') === 4;
    }

    /**
     * @internal
     * @return array{?string, string} The inner JWT, or null and the code of the refusal.
     */
    public function decrypt(string $token): array
    {
        if (strlen($token) > Token::MAX_TOKEN_BYTES) {
            return [null, 'token_malformed'];
        }
        [$headerPart, $keyPart, $ivPart, $valuePart, $tagPart] = explode('.', $token);
        [$header, $iv, $value, $tag] = array_map(Token::decode(...), [$headerPart, $ivPart, $valuePart, $tagPart]);
        if ($header === null || $iv === null || $value === null || $tag === null || ($keyPart !== '' && Token::decode($keyPart) === null)) {
            return [null, 'token_malformed'];
        }
        $members = strlen($header) > Token::MAX_HEADER_BYTES ? null : Json::object($header, Token::MAX_HEADER_MEMBERS);
        if ($members === null || $members->has('crit')) {
            return [null, 'token_malformed'];
        }
        // We accept no compression (RFC 8725 §3.6) and no other algorithm.
        $key = $this->keys[':' . $members->text('kid')] ?? null;
        if ($members->text('alg') !== 'dir' || $members->text('enc') !== 'A256GCM' || $members->has('zip') || $keyPart !== '' || $key === null) {
            return [null, 'token_not_ours'];
        }
        // OpenSSL would accept a tag of four bytes as well.
        if (strlen($iv) !== self::IV_BYTES || strlen($tag) !== self::TAG_BYTES) {
            return [null, 'token_not_ours'];
        }
        $jwt = openssl_decrypt($value, 'aes-256-gcm', $key, OPENSSL_RAW_DATA, $iv, $tag, $headerPart);
        return $jwt === false ? [null, 'token_not_ours'] : [$jwt, 'ok'];
    }
}
