<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck\Laravel;

use Coatcheck\Authenticator;
use Coatcheck\EncryptedTokens;
use Coatcheck\Encryption;
use Coatcheck\ForeignIssuer;
use Coatcheck\Verifier;
use DateTimeImmutable;
use DateTimeZone;
use Illuminate\Contracts\Encryption\DecryptException;
use Illuminate\Encryption\Encrypter;
use Illuminate\Support\ServiceProvider as Base;
use RuntimeException;

/**
 * Makes the verifier from `config('coatcheck')`, or from the environment for settings that are missing there.
 *
 * Settings: `url` and `service_key` (COATCHECK_URL, COATCHECK_SERVICE_KEY), `issuer`, `audience`, `when_cut`,
 * `origins` (a list, or text with commas), `origin`, `dev`, `x_token` and `bare_authorization` (true, or the
 * last day by UTC on which they are accepted).
 * For crypt tokens: `crypt_key`, `crypt_cipher`, `crypt_header` and `crypt_until` (the last day).
 * For encrypted tokens (JWE): `encryption_keys` (a list, or text with commas) and `only_encrypted` (true).
 * For an older system: `foreign`, a list of arrays in the form of ForeignIssuer::fromArray().
 *
 * Laravel and Lumen register this class. The middleware is Authenticate.
 */
final class ServiceProvider extends Base
{
    public function register(): void
    {
        $this->app->singleton(Verifier::class, fn () => new Verifier(
            $this->needed('url'),
            $this->needed('service_key'),
            $this->setting('issuer'),
            $this->setting('audience'),
            $this->setting('when_cut') ?? 'refuse',
            encryption: $this->listed('encryption_keys') === [] ? null : new Encryption($this->listed('encryption_keys'), filter_var($this->setting('only_encrypted') ?? true, FILTER_VALIDATE_BOOL)),
            foreign: array_map(ForeignIssuer::fromArray(...), $this->app->make('config')->get('coatcheck.foreign') ?? []),
        ));
        $this->app->singleton(Authenticator::class, fn ($app) => new Authenticator(
            $app->make(Verifier::class),
            $this->listed('origins'),
            $this->setting('origin'),
            filter_var($this->setting('dev') ?? false, FILTER_VALIDATE_BOOL),
            $this->lastDay('x_token') ?? false,
            $this->setting('crypt_key') === null ? null : $this->encrypted($app->make(Verifier::class)),
            $this->lastDay('bare_authorization') ?? false,
        ));
    }

    /**
     * Decrypts with Laravel's own Encrypter. The key has the form of APP_KEY and must equal
     * `accept.crypt_key_file` of the server.
     */
    private function encrypted(Verifier $verifier): EncryptedTokens
    {
        $encrypter = new Encrypter((string) base64_decode(substr($this->needed('crypt_key'), strlen('base64:')), true), $this->setting('crypt_cipher') ?? 'AES-256-CBC');
        $decrypt = static function (string $token) use ($encrypter): mixed {
            try {
                return $encrypter->decrypt($token);
            } catch (DecryptException) {
                return false;
            }
        };
        return new EncryptedTokens($verifier, $decrypt, $this->setting('crypt_header') ?? 'AccessToken', $this->lastDay('crypt_until') ?? true);
    }

    /** true or false, or the end of a day by UTC; null if the setting is missing. */
    private function lastDay(string $name): bool|DateTimeImmutable|null
    {
        $value = $this->setting($name);
        if ($value === null || is_bool($value)) {
            return $value;
        }
        return filter_var($value, FILTER_VALIDATE_BOOL, FILTER_NULL_ON_FAILURE) ?? (new DateTimeImmutable($value, new DateTimeZone('UTC')))->setTime(24, 0);
    }

    private function setting(string $name): mixed
    {
        return $this->app->make('config')->get("coatcheck.$name") ?? (getenv('COATCHECK_' . strtoupper($name)) ?: null);
    }

    private function needed(string $name): string
    {
        $value = $this->setting($name);
        if (!is_string($value)) {
            throw new RuntimeException('Coatcheck needs COATCHECK_' . strtoupper($name) . ", or coatcheck.$name in the configuration.");
        }
        return $value;
    }

    /** @return list<string> */
    private function listed(string $name): array
    {
        $value = $this->setting($name) ?? [];
        return is_array($value) ? array_values($value) : array_map('trim', explode(',', $value));
    }
}
