<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * JSON as the server reads it in tokens. json_decode() takes the last of two members with one name, where another
 * verifier takes the first: then one token says two things. Here it is no JSON.
 *
 * @internal
 */
final class Json
{
    private const MAX_DEPTH = 8;
    private const MAX_ELEMENTS = 4096;
    /** Beyond, parsers differ in what is a number. */
    private const MAX_EXPONENT_DIGITS = 4;

    private int $at = 0;

    private function __construct(private readonly string $text, private int $membersLeft)
    {
    }

    /**
     * One JSON object of at most $maxMembers members in all; null for anything else. Objects are Members, arrays are lists,
     * integers of 64 bits are int and all other numbers float.
     */
    public static function object(string $text, int $maxMembers): ?Members
    {
        if (preg_match('//u', $text) !== 1) {
            return null;
        }
        $parser = new self($text, $maxMembers);
        try {
            $value = $parser->value(0);
            $parser->space();
        } catch (NotJson) {
            return null;
        }
        return $parser->at === strlen($text) && $value instanceof Members ? $value : null;
    }

    private function space(): void
    {
        $this->at += strspn($this->text, " \t\n\r", $this->at);
    }

    private function take(string $sign): bool
    {
        $this->space();
        if (($this->text[$this->at] ?? '') !== $sign) {
            return false;
        }
        ++$this->at;
        return true;
    }

    private function value(int $depth): mixed
    {
        if ($this->take('{')) {
            return $this->members($depth + 1);
        }
        if ($this->take('[')) {
            return $this->elements($depth + 1);
        }
        if ($this->take('"')) {
            return $this->string();
        }
        foreach (['true' => true, 'false' => false, 'null' => null] as $word => $value) {
            if (substr_compare($this->text, $word, $this->at, strlen($word)) === 0 && $this->at < strlen($this->text)) {
                $this->at += strlen($word);
                return $value;
            }
        }
        return $this->number();
    }

    private function members(int $depth): Members
    {
        if ($depth > self::MAX_DEPTH) {
            throw new NotJson();
        }
        $found = new Members();
        if ($this->take('}')) {
            return $found;
        }
        do {
            if (!$this->take('"')) {
                throw new NotJson();
            }
            $name = $this->string();
            if ($found->has($name) || --$this->membersLeft < 0 || !$this->take(':')) {
                throw new NotJson();
            }
            $found->set($name, $this->value($depth));
        } while ($this->take(','));
        if (!$this->take('}')) {
            throw new NotJson();
        }
        return $found;
    }

    /** @return list<mixed> */
    private function elements(int $depth): array
    {
        if ($depth > self::MAX_DEPTH) {
            throw new NotJson();
        }
        $found = [];
        if ($this->take(']')) {
            return $found;
        }
        do {
            $found[] = $this->value($depth);
            if (count($found) > self::MAX_ELEMENTS) {
                throw new NotJson();
            }
        } while ($this->take(','));
        if (!$this->take(']')) {
            throw new NotJson();
        }
        return $found;
    }

    private function string(): string
    {
        // Everything up to the closing quote; control bytes are not part of a string (RFC 8259 §7).
        if (preg_match('/\G(?:[^"\\\\\x00-\x1f]|\\\\.)*+"/s', $this->text, $found, 0, $this->at) !== 1) {
            throw new NotJson();
        }
        $quoted = $found[0];
        $this->at += strlen($quoted);
        if (!str_contains($quoted, '\\')) {
            return substr($quoted, 0, -1);
        }
        // Escapes are json_decode()'s: it refuses unknown ones and unpaired surrogates.
        $string = json_decode('"' . $quoted);
        if (!is_string($string)) {
            throw new NotJson();
        }
        return $string;
    }

    private function number(): int|float
    {
        if (preg_match('/\G-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/', $this->text, $found, 0, $this->at) !== 1) {
            throw new NotJson();
        }
        $this->at += strlen($found[0]);
        if (strlen(ltrim($found[2] ?? '', 'eE+-')) > self::MAX_EXPONENT_DIGITS) {
            throw new NotJson();
        }
        $isWhole = ($found[1] ?? '') === '' && ($found[2] ?? '') === '';
        $whole = (int) $found[0];
        return $isWhole && ((string) $whole === $found[0] || $found[0] === '-0') ? $whole : (float) $found[0];
    }
}
