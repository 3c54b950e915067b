<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/** A user, or the code that says why there is none: codes as the server has them. */
final class Verdict
{
    private const TITLES = [
        'token_missing' => 'No token came with the request.',
        'token_malformed' => 'This is not a token in its one canonical form.',
        'token_not_ours' => 'This token was not issued here, or not for this.',
        'token_not_yet_valid' => 'This token was issued in the future.',
        'token_expired' => 'The token has expired. Refresh, or sign in again.',
        'token_revoked' => 'The session has ended. Sign in again.',
        'token_stale' => 'Roles or claims have changed. Refresh and go on.',
        'credential_conflict' => 'Two different credentials came with one request.',
        'csrf_refused' => 'The request came from another site.',
        'unavailable' => 'Tokens cannot be checked just now.',
    ];
    private const STATUS = ['ok' => 200, 'credential_conflict' => 400, 'csrf_refused' => 403, 'unavailable' => 503];

    /**
     * @param bool $envelope Who asked was written to {success, data, detail}: X-TOKEN.
     * @param bool $isCrypt It is about an encrypted token: one that has expired has an answer of its own.
     */
    private function __construct(public readonly string $code, public readonly ?User $user, public readonly bool $envelope = false, private readonly bool $isCrypt = false)
    {
    }

    public function onCrypt(): self
    {
        return new self($this->code, $this->user, $this->envelope, true);
    }

    public function inEnvelope(): self
    {
        return new self($this->code, $this->user, true, $this->isCrypt);
    }

    public static function user(User $user): self
    {
        return new self('ok', $user);
    }

    public static function no(string $code): self
    {
        return new self($code, null);
    }

    public function isOk(): bool
    {
        return $this->user !== null;
    }

    public function status(): int
    {
        return $this->isCrypt && $this->code === 'token_expired' ? 403 : self::STATUS[$this->code] ?? 401;
    }

    private function title(): string
    {
        return $this->status() === 403 && $this->code === 'token_expired' ? 'The token has expired and must be regenerated.' : self::TITLES[$this->code] ?? $this->code;
    }

    /** @return array<string, string> Headers of the answer to a refused request (RFC 6750 §3). */
    public function headers(): array
    {
        $headers = ['Content-Type' => $this->envelope ? 'application/json' : 'application/problem+json', 'Cache-Control' => 'no-store'];
        if ($this->status() === 401) {
            $error = str_starts_with($this->code, 'token_') && $this->code !== 'token_missing'
                ? ', error="invalid_token", error_description="' . $this->title() . '"' : '';
            $headers['WWW-Authenticate'] = "Bearer realm=\"coatcheck\"$error, code=\"$this->code\"";
        }
        if ($this->status() === 503) {
            $headers['Retry-After'] = '1';
        }
        return $headers;
    }

    /** Its body (RFC 9457), or the envelope. */
    public function body(): string
    {
        if ($this->envelope) {
            $detail = ['message' => $this->title(), 'error' => $this->code];
            return json_encode(['success' => false, 'data' => null, 'detail' => $detail], JSON_THROW_ON_ERROR);
        }
        return json_encode(['type' => "urn:coatcheck:problem:$this->code", 'title' => $this->title(), 'status' => $this->status(), 'code' => $this->code], JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);
    }
}
