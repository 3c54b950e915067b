<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

use DateTimeInterface;

/**
 * From a request to a verdict, by the server's rules: one credential a request, and for one that came as a cookie, proof of
 * where an unsafe request comes from (CSRF).
 */
final class Authenticator
{
    private const SAFE = ['GET', 'HEAD', 'OPTIONS'];

    /**
     * @param list<string> $origins Whose pages may send unsafe requests with the cookie, besides the API's own.
     * @param string|null $origin By which this API is reached, such as `https://api.example.com`; needed by browsers that send no Sec-Fetch-Site.
     * @param bool $dev The server runs with --dev: its cookie is named `coatcheck`.
     * @param bool|DateTimeInterface $xToken Takes `X-TOKEN` with `X-USER` as well; with a date until then. X-USER has to be the token's own, beside any token: it selects nobody.
     * @param EncryptedTokens|null $encrypted Takes encrypted tokens as well, in a header of their own.
     * @param bool|DateTimeInterface $bareAuthorization Takes `Authorization: <token>` without Bearer as well; with a date until then.
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
     * @param list<string> $methods The request's method; with one that stands for it (`_method`), both.
     * @param callable(string): list<string> $all The values of a header, by its name in small letters.
     */
    public function authenticate(array $methods, callable $all): Verdict
    {
        $takesOlder = self::isTaken($this->xToken);
        $verdict = $this->judge($methods, $all, $takesOlder);
        return $takesOlder && $all('x-token') !== [] && !$verdict->isOk() ? $verdict->inEnvelope() : $verdict;
    }

    /** @internal Whether a dialect is taken, or with a date still is. */
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
        if ($inHeader === [] && array_diff($methods, self::SAFE) !== [] && !$this->siteIsAllowed($all)) {
            return Verdict::no('csrf_refused');
        }
        $verdict = $crypt === [] ? $this->verifier->check($tokens[0]) : $this->encrypted->check($tokens[0]);
        return $user !== null && $verdict->user !== null && $verdict->user->id !== $user ? Verdict::no('token_not_ours') : $verdict;
    }

    /** The request that PHP is answering, without a framework. */
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
            if ($isBearer && $token !== '') {
                $tokens[] = $token;
            } elseif (!$isBearer && $value !== '' && !str_contains($value, ' ') && self::isTaken($this->bareAuthorization)) {
                $tokens[] = $value;
            }
        }
        return $tokens;
    }

    /**
     * From the header as it came: $_COOKIE decodes values and folds names.
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
