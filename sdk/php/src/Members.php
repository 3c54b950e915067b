<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * The members of a JSON object. A plain PHP array would treat the names "1" and 1 as one key.
 *
 * @internal
 */
final class Members
{
    /** @var array<string, mixed> */
    private array $values = [];

    public function has(string $name): bool
    {
        return array_key_exists(":$name", $this->values);
    }

    public function set(string $name, mixed $value): void
    {
        $this->values[":$name"] = $value;
    }

    public function get(string $name): mixed
    {
        return $this->values[":$name"] ?? null;
    }

    public function text(string $name): ?string
    {
        $value = $this->get($name);
        return is_string($value) ? $value : null;
    }

    /** @return list<string>|null */
    public function texts(string $name): ?array
    {
        $value = $this->get($name);
        return is_array($value) && $value === array_filter($value, 'is_string') ? $value : null;
    }

    /** NumericDate (RFC 7519 §2) in milliseconds. */
    public function date(string $name): ?int
    {
        $value = $this->get($name);
        if (!is_int($value) && !is_float($value)) {
            return null;
        }
        return $value >= 0 && $value <= 253402300799 ? (int) floor($value * 1000) : null;
    }
}
