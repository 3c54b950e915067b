<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/** A user, or the code of the refusal. The codes are the server's own. */
final class Verdict
{
    /**
     * @param bool $envelope The request came with X-TOKEN: its answer is {success, data, detail}.
     * @param bool $isCrypt The verdict is on a crypt token. If it has expired, the answer has another
     *   status and title.
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
        if ($this->code === 'ok') {
            return 200;
        }
        return $this->hasExpiredCrypt() ? Codes::CRYPT_EXPIRED_STATUS : Codes::STATUS[$this->code] ?? 401;
    }

    private function title(): string
    {
        return $this->hasExpiredCrypt() ? Codes::CRYPT_EXPIRED_TITLE : Codes::TITLES[$this->code] ?? $this->code;
    }

    private function hasExpiredCrypt(): bool
    {
        return $this->isCrypt && $this->code === 'token_expired';
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

    /** The body of that answer: a problem document (RFC 9457), or the envelope. */
    public function body(): string
    {
        if ($this->envelope) {
            $detail = ['message' => $this->title(), 'error' => $this->code];
            return json_encode(['success' => false, 'data' => null, 'detail' => $detail], JSON_THROW_ON_ERROR);
        }
        return json_encode(['type' => "urn:coatcheck:problem:$this->code", 'title' => $this->title(), 'status' => $this->status(), 'code' => $this->code], JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);
    }
}
