<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * A public key of a JWK Set (RFC 7517), and the check of its signatures (RFC 7518 §3, RFC 8037).
 *
 * @internal
 */
final class Key
{
    /** Smallest RSA modulus: 3072 bits for the server's own keys, 2048 bits for another issuer's. */
    private const OWN_RSA_BYTES = 384;
    public const FOREIGN_RSA_BYTES = 256;
    private const TYPES = ['ES256' => 'EC', 'RS256' => 'RSA', 'PS256' => 'RSA', 'EdDSA' => 'OKP'];
    private const MAX_RSA_BITS = 8192;
    private const MAX_KEYS = 32;
    private const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
    // The SubjectPublicKeyInfo of a P-256 key, up to the point.
    private const P256_PREFIX = '3059301306072a8648ce3d020106082a8648ce3d030107034200';

    private function __construct(public readonly string $id, public readonly string $algorithm, private readonly string $material)
    {
    }

    /** "Ed25519" and "EdDSA" name one algorithm (RFC 9864). */
    public static function algorithmNamed(string $name): ?string
    {
        $name = $name === 'Ed25519' ? 'EdDSA' : $name;
        return isset(self::TYPES[$name]) ? $name : null;
    }

    /**
     * Gives the keys of a set that are for us, by their id, and passes over the others (RFC 7517 §5). A key
     * without `alg` is for the algorithm $otherwise. Gives null if the text is no JWK Set, or if a key in it
     * holds a private or secret member. api/cases/key-sets has the cases.
     *
     * @return array<string, self>|null
     */
    public static function set(string $text, int $rsaBytes = self::OWN_RSA_BYTES, ?string $otherwise = null): ?array
    {
        $set = json_decode($text);
        if (json_last_error() === JSON_ERROR_INVALID_PROPERTY_NAME) {
            $set = json_decode($text, true); // a name that begins with NUL is no property of an object
        }
        $members = self::members($set);
        if ($members === null || !is_array($members['keys'] ?? null) || !array_is_list($members['keys']) || count($members['keys']) > self::MAX_KEYS) {
            return null;
        }
        $keys = [];
        foreach ($members['keys'] as $jwk) {
            $members = self::members($jwk);
            if ($members === null || array_intersect(self::PRIVATE_MEMBERS, array_keys($members)) !== []) {
                return null;
            }
            $key = self::read($members, $rsaBytes, $otherwise);
            if ($key !== null) {
                $keys[":$key->id"] ??= $key;
            }
        }
        return $keys;
    }

    /**
     * Reads another issuer's SubjectPublicKeyInfo in PEM; null if the key does not fit the algorithm. Its id
     * is empty.
     */
    public static function fromPem(string $algorithm, string $pem): ?self
    {
        $der = (string) base64_decode(preg_replace('/-----[A-Z ]+-----|\s/', '', $pem), true);
        if ($algorithm === 'EdDSA') {
            return strlen($der) === 44 && str_starts_with($der, hex2bin('302a300506032b6570032100')) ? new self('', $algorithm, substr($der, 12)) : null;
        }
        $key = @openssl_pkey_get_public($pem);
        $details = $key === false ? false : openssl_pkey_get_details($key);
        $fits = match (true) {
            $details === false || !isset(self::TYPES[$algorithm]) => false,
            $algorithm === 'ES256' => ($details['ec']['curve_name'] ?? '') === 'prime256v1',
            default => $details['type'] === OPENSSL_KEYTYPE_RSA && $details['bits'] >= 8 * self::FOREIGN_RSA_BYTES,
        };
        return $fits ? new self('', $algorithm, $details['key']) : null;
    }

    /** @param array<string, mixed> $jwk */
    private static function read(array $jwk, int $rsaBytes, ?string $otherwise): ?self
    {
        $text = static fn (string $name): string => is_string($jwk[$name] ?? null) ? $jwk[$name] : '';
        $has = static fn (string $name): bool => array_key_exists($name, $jwk);
        $algorithm = self::algorithmNamed($has('alg') ? $text('alg') : (string) $otherwise);
        $id = $text('kid');
        $isForVerifying = (!$has('use') || $text('use') === 'sig') && (!$has('key_ops') || is_array($jwk['key_ops']) && in_array('verify', $jwk['key_ops'], true));
        if ($algorithm === null || $id === '' || $text('kty') !== self::TYPES[$algorithm] || !$isForVerifying) {
            return null;
        }
        foreach (['x', 'y', 'n', 'e'] as $name) {
            if ($has($name) && rtrim(strtr(base64_encode(self::base64url($text($name))), '+/', '-_'), '=') !== $text($name)) {
                return null; // another spelling than the one without padding
            }
        }
        $bytes = static fn (string $name): string => self::base64url($text($name));
        [$x, $y] = [$bytes('x'), $bytes('y')];
        $material = match ($algorithm) {
            'ES256' => $text('crv') === 'P-256' && strlen($x) === 32 && strlen($y) === 32 ? self::pem(hex2bin(self::P256_PREFIX) . "\x04" . $x . $y) : null,
            'EdDSA' => $text('crv') === 'Ed25519' && strlen($x) === 32 ? $x : null,
            default => self::rsaPem($bytes('n'), $bytes('e'), $rsaBytes),
        };
        return $material === null ? null : new self($id, $algorithm, $material);
    }

    /** @return array<string, mixed>|null The members of a JSON object. */
    private static function members(mixed $value): ?array
    {
        return match (true) {
            $value instanceof \stdClass => get_object_vars($value),
            is_array($value) && !array_is_list($value) => $value,
            default => null,
        };
    }

    private static function base64url(string $text): string
    {
        return (string) base64_decode(strtr($text, '-_', '+/'), true);
    }

    private static function bits(string $number): int
    {
        return $number === '' ? 0 : 8 * (strlen($number) - 1) + strlen(decbin(ord($number[0])));
    }

    public function verifies(string $message, string $signature): bool
    {
        return match ($this->algorithm) {
            'EdDSA' => strlen($signature) === SODIUM_CRYPTO_SIGN_BYTES && sodium_crypto_sign_verify_detached($signature, $message, $this->material),
            'ES256' => strlen($signature) === 64 && openssl_verify($message, self::derOf($signature), $this->material, OPENSSL_ALGO_SHA256) === 1,
            'RS256' => openssl_verify($message, $signature, $this->material, OPENSSL_ALGO_SHA256) === 1,
            'PS256' => $this->verifiesPss($message, $signature),
            default => false,
        };
    }

    /**
     * Checks RSASSA-PSS with SHA-256 and a salt of 32 bytes (RFC 8017 §9.1.2), which PHP's openssl_verify()
     * cannot do.
     */
    private function verifiesPss(string $message, string $signature): bool
    {
        $details = openssl_pkey_get_details(openssl_pkey_get_public($this->material));
        $bits = (int) $details['bits'];
        if (strlen($signature) !== intdiv($bits + 7, 8) || !openssl_public_decrypt($signature, $encoded, $this->material, OPENSSL_NO_PADDING)) {
            return false;
        }
        $length = intdiv($bits - 1 + 7, 8);
        $encoded = substr($encoded, -$length);
        if (strlen($encoded) !== $length || !str_ends_with($encoded, "\xbc")) {
            return false;
        }
        $maskedBlock = substr($encoded, 0, $length - 33);
        $hash = substr($encoded, $length - 33, 32);
        $unused = 8 * $length - ($bits - 1);
        if (ord($maskedBlock[0]) >> (8 - $unused) !== 0) {
            return false;
        }
        $mask = '';
        for ($i = 0; strlen($mask) < strlen($maskedBlock); ++$i) {
            $mask .= hash('sha256', $hash . pack('N', $i), true);
        }
        $block = $maskedBlock ^ substr($mask, 0, strlen($maskedBlock));
        $block[0] = chr(ord($block[0]) & (0xff >> $unused));
        $padding = strlen($block) - 33;
        if (substr($block, 0, $padding) !== str_repeat("\0", $padding) || $block[$padding] !== "\x01") {
            return false;
        }
        $expected = hash('sha256', str_repeat("\0", 8) . hash('sha256', $message, true) . substr($block, $padding + 1), true);
        return hash_equals($expected, $hash);
    }

    private static function pem(string $der): string
    {
        return "-----BEGIN PUBLIC KEY-----\n" . chunk_split(base64_encode($der), 64, "\n") . "-----END PUBLIC KEY-----\n";
    }

    private static function tlv(int $tag, string $content): string
    {
        $length = strlen($content);
        $size = $length < 128 ? chr($length) : (static function (string $bytes): string {
            return chr(0x80 | strlen($bytes)) . $bytes;
        })(ltrim(pack('N', $length), "\0"));
        return chr($tag) . $size . $content;
    }

    private static function integer(string $bytes): string
    {
        $bytes = ltrim($bytes, "\0");
        return self::tlv(2, $bytes === '' || ord($bytes[0]) > 127 ? "\0$bytes" : $bytes);
    }

    private static function rsaPem(string $n, string $e, int $rsaBytes): ?string
    {
        // A leading zero would be a second spelling of the same number.
        if ($n === '' || $n[0] === "\0" || self::bits($n) < 8 * $rsaBytes || self::bits($n) > self::MAX_RSA_BITS) {
            return null;
        }
        if ($e === '' || $e[0] === "\0" || self::bits($e) < 17 || self::bits($e) > 64 || ord($e[-1]) % 2 === 0) {
            return null;
        }
        $key = self::tlv(0x30, self::integer($n) . self::integer($e));
        return self::pem(self::tlv(0x30, hex2bin('300d06092a864886f70d0101010500') . self::tlv(3, "\0$key")));
    }

    /** Turns r||s into a DER SEQUENCE. */
    private static function derOf(string $signature): string
    {
        return self::tlv(0x30, self::integer(substr($signature, 0, 32)) . self::integer(substr($signature, 32)));
    }
}
