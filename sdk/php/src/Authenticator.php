<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

use DateTimeInterface;

/**
 * Judges a whole request by the server's rules. A request carries one credential. If the credential came in a
 * cookie and the method is unsafe, the request must also prove which site sent it (CSRF).
 */
final class Authenticator
{
    private const SAFE = ['GET', 'HEAD', 'OPTIONS'];

    /**
     * @param list<string> $origins Origins, besides the API's own, whose pages may send unsafe requests with
     *   the cookie.
     * @param string|null $origin The origin of this API, such as `https://api.example.com`. Needed for
     *   browsers that send no Sec-Fetch-Site.
     * @param bool $dev True if the server runs with --dev: its cookie is then named `coatcheck`.
     * @param bool|DateTimeInterface $xToken Also accepts `X-TOKEN` with `X-USER`. A date says until when. If
     *   a request has X-USER, with any kind of token, it must name the token's own user: X-USER selects
     *   nobody.
     * @param EncryptedTokens|null $encrypted Also accepts crypt tokens, in a header of their own.
     * @param bool|DateTimeInterface $bareAuthorization Also accepts `Authorization: <token>` without Bearer.
     *   A date says until when.
     */
    public function __construct(
        private readonly TokenVerifier $verifier,
        private readonly array $origins = [],
        private readonly ?string $origin = null,
        private readonly bool $dev = false,
        private readonly bool|DateTimeInterface $xToken = false,
        private readonly ?EncryptedTokens $encrypted = null,
        private readonly bool|DateTimeInterface $bareAuthorization = false,
    ) {
    }

    /**
     * @param list<string> $methods The request's method. If another method replaces it (`_method`), both.
     * @param callable(string): list<string> $all Gives the values of a header by its name in lower case.
     */
    public function authenticate(array $methods, callable $all): Verdict
    {
        $takesOlder = self::isTaken($this->xToken);
        $verdict = $this->judge($methods, $all, $takesOlder);
        return $takesOlder && $all('x-token') !== [] && !$verdict->isOk() ? $verdict->inEnvelope() : $verdict;
    }

    /** @internal Whether a dialect is on: true, or a date that has not passed. */
    public static function isTaken(bool|DateTimeInterface $until): bool
    {
        return $until instanceof DateTimeInterface ? time() < $until->getTimestamp() : $until;
    }

    /**
     * @param list<string> $methods
     * @param callable(string): list<string> $all
     */
    private function judge(array $methods, callable $all, bool $takesOlder): Verdict
    {
        [$inHeader, $inCookie] = [$this->inHeader($all('authorization')), $this->inCookie($all('cookie'))];
        $user = null;
        if ($takesOlder) {
            [$older, $users] = [$all('x-token'), $all('x-user')];
            $user = $users[0] ?? null;
            if (count($older) > 1 || count($users) > 1 || $user === '' || ($older !== [] && $user === null)) {
                return Verdict::no('credential_conflict');
            }
            $inHeader = [...$inHeader, ...array_map(static fn (string $token): string => $token === '' ? '-' : $token, $older)];
        }
        $crypt = $this->encrypted?->sent($all) ?? [];
        $inHeader = [...$inHeader, ...$crypt];
        $tokens = array_values(array_unique([...$inHeader, ...$inCookie]));
        if (count($tokens) > 1) {
            return Verdict::no('credential_conflict');
        }
        if ($tokens === []) {
            return Verdict::no('token_missing');
        }
        if ($inHeader === [] && !self::isSafe($methods, $all) && !$this->siteIsAllowed($all)) {
            return Verdict::no('csrf_refused');
        }
        $verdict = $crypt === [] ? $this->verifier->check($tokens[0]) : $this->encrypted->check($tokens[0]);
        return $user !== null && $verdict->user !== null && $verdict->user->id !== $user ? Verdict::no('token_not_ours') : $verdict;
    }

    /** Judges the request that PHP is answering, without a framework. */
    public function current(): Verdict
    {
        $all = static function (string $name): array {
            $value = $_SERVER['HTTP_' . strtoupper(strtr($name, '-', '_'))] ?? null;
            return is_string($value) ? [$value] : [];
        };
        return $this->authenticate([(string) ($_SERVER['REQUEST_METHOD'] ?? '')], $all);
    }

    /**
     * @param list<string> $values
     * @return list<string>
     */
    private function inHeader(array $values): array
    {
        $tokens = [];
        foreach ($values as $value) {
            [$scheme, $token] = [...explode(' ', $value, 2), '-']; // a scheme alone is malformed, not missing
            $isBearer = strtolower($scheme) === 'bearer';
            $token = ltrim($token, ' '); // RFC 6750 §2.1: 1*SP
            if ($isBearer && $token !== '') {
                $tokens[] = $token;
            } elseif (!$isBearer && $value !== '' && !str_contains($value, ' ') && self::isTaken($this->bareAuthorization)) {
                $tokens[] = $value;
            }
        }
        return $tokens;
    }

    /**
     * Reads the header itself, because $_COOKIE decodes values and merges names.
     *
     * @param list<string> $values
     * @return list<string>
     */
    private function inCookie(array $values): array
    {
        $name = $this->dev ? 'coatcheck=' : '__Host-Http-coatcheck=';
        $tokens = [];
        foreach ($values as $value) {
            foreach (explode(';', $value) as $pair) {
                $text = ltrim($pair, ' ');
                if (str_starts_with($text, $name) && $text !== $name) {
                    $tokens[] = substr($text, strlen($name));
                }
            }
        }
        return $tokens;
    }

    /**
     * True for a request that reads and changes nothing, whoever made a browser send it. The handshake of a
     * WebSocket is a GET, but a page of any site may begin it and then read and write (RFC 6455 §10.2).
     *
     * @param list<string> $methods
     * @param callable(string): list<string> $all
     */
    private static function isSafe(array $methods, callable $all): bool
    {
        return array_diff($methods, self::SAFE) === []
            && $all('sec-websocket-key') === []
            && !in_array('websocket', $all('sec-fetch-mode'), true);
    }

    /** @param callable(string): list<string> $all */
    private function siteIsAllowed(callable $all): bool
    {
        [$sites, $froms] = [$all('sec-fetch-site'), $all('origin')];
        if (count($sites) > 1) {
            return false;
        }
        $from = count($froms) === 1 ? $froms[0] : '';
        $isListed = in_array($from, $this->origins, true);
        $site = $sites[0] ?? '';
        if ($site !== '') {
            return $site === 'same-origin' || (in_array($site, ['same-site', 'cross-site'], true) && $isListed);
        }
        if ($froms !== []) {
            return ($this->origin !== null && $from === $this->origin) || $isListed;
        }
        return $all('x-coatcheck') === ['1'];
    }
}
