<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * Reads a token and its claims by the server's rules: the size, three canonical base64url parts, JSON objects
 * with unique members, and the right type for every claim.
 *
 * @internal
 */
final class Token
{
    public const MAX_TOKEN_BYTES = 8192;
    public const MAX_HEADER_BYTES = 1024;
    public const MAX_HEADER_MEMBERS = 64;
    private const MAX_CLAIMS = 128;

    private function __construct(
        public readonly string $signingInput,
        public readonly string $signature,
        public readonly string $algorithm,
        public readonly string $keyId,
        public readonly string $type,
        private readonly Members $members,
        private readonly string $claimsText,
    ) {
    }

    /** Parses by RFC 7515 §5.2 and trusts nothing yet. Gives null if the token is malformed. */
    public static function parse(string $token): ?self
    {
        if ($token === '' || strlen($token) > self::MAX_TOKEN_BYTES) {
            return null;
        }
        $parts = explode('.', $token);
        if (count($parts) !== 3) {
            return null;
        }
        [$header, $payload, $signature] = array_map(self::decode(...), $parts);
        if ($header === null || $payload === null || $signature === null || strlen($header) > self::MAX_HEADER_BYTES) {
            return null;
        }
        $members = Json::object($header, self::MAX_HEADER_MEMBERS);
        // RFC 7515 §4.1.11: we understand no extension.
        if ($members === null || $members->has('crit') || $members->has('b64')) {
            return null;
        }
        $algorithm = $members->text('alg');
        $keyId = $members->has('kid') ? $members->text('kid') : '';
        $type = $members->has('typ') ? $members->text('typ') : '';
        $claims = Json::object($payload, self::MAX_CLAIMS);
        if ($algorithm === null || $keyId === null || $type === null || $claims === null) {
            return null;
        }
        $type = strtolower($type);
        $type = str_starts_with($type, 'application/') ? substr($type, 12) : $type;
        return new self("$parts[0].$parts[1]", $signature, $algorithm, $keyId, $type, $claims, $payload);
    }

    /**
     * Decodes canonical base64url (RFC 7515 §2): encoding the bytes again must give the same text. Otherwise
     * null.
     */
    public static function decode(string $part): ?string
    {
        $bytes = base64_decode(strtr($part, '-_', '+/'), true);
        if ($part === '' || $bytes === false || strpbrk($part, '+/=') !== false) {
            return null;
        }
        return self::encode($bytes) === $part ? $bytes : null;
    }

    public static function encode(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }

    public function claimIs(string $name, string $text): bool
    {
        return $this->members->text($name) === $text;
    }

    /**
     * The `iss` of the token, before anything is proven. Empty if there is no `iss`; null if the token is
     * malformed.
     */
    public function claimedIssuer(): ?string
    {
        $issuer = $this->members->has('iss') ? $this->members->text('iss') : '';
        return $issuer === '' && $this->members->has('iss') ? null : $issuer;
    }

    /**
     * The claims of a foreign JWT that count here: the user's id there, aud, iat, nbf and exp; null if the
     * token is malformed.
     *
     * @return array{string, list<string>, int, int, ?int}|null
     */
    public function foreignClaims(string $subjectClaim): ?array
    {
        $m = $this->members;
        $named = $m->get($subjectClaim);
        $subject = is_int($named) && $named >= 0 ? (string) $named : $m->text($subjectClaim);
        $audience = $m->has('aud') ? ($m->text('aud') !== null ? [$m->text('aud')] : $m->texts('aud')) : [];
        $notBefore = $m->has('nbf') ? $m->date('nbf') : 0;
        $issued = $m->date('iat');
        if ($subject === null || $audience === null || ($m->has('aud') && $audience === []) || $notBefore === null || $issued === null || ($m->has('exp') && $m->date('exp') === null)) {
            return null;
        }
        return [$subject, $audience, $issued, $notBefore, $m->date('exp')];
    }

    /** The claims of a token whose signature is good; null if the token is malformed. */
    public function claims(): ?Claims
    {
        $m = $this->members;
        $audience = is_string($m->get('aud')) ? [$m->get('aud')] : $m->texts('aud');
        $version = $m->get('ver');
        $texts = array_map($m->text(...), ['iss', 'sub', 'sid', 'preferred_username', 'scope', 'jti', 'client_id']);
        $dates = array_map($m->date(...), ['iat', 'exp', 'auth_time']);
        $notBefore = $m->has('nbf') ? $m->date('nbf') : 0;
        $roles = $m->texts('roles');
        if (in_array(null, $texts, true) || in_array(null, $dates, true) || $notBefore === null || $roles === null) {
            return null;
        }
        if ($audience === null || $audience === [] || $texts[1] === '' || !is_int($version) || $version < 0) {
            return null;
        }
        $all = json_decode($this->claimsText, true, 16);
        return new Claims($texts[0], $audience, $texts[1], $texts[2], $texts[3], $roles, $texts[4], $version, $dates[0], $dates[1], $notBefore, $all);
    }
}
