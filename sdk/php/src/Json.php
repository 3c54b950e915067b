<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * Reads JSON in tokens by the server's rules. If an object has two members of one name, json_decode() takes
 * the last and another verifier may take the first, so that one token says two things. This parser refuses
 * such an object.
 *
 * @internal
 */
final class Json
{
    private const MAX_DEPTH = 8;
    private const MAX_ELEMENTS = 4096;
    /** With a longer exponent, parsers disagree on what is a number. */
    private const MAX_EXPONENT_DIGITS = 4;

    private int $at = 0;

    private function __construct(private readonly string $text, private int $membersLeft)
    {
    }

    /**
     * Parses one JSON object with at most $maxMembers members in total. Gives null for anything else. Objects
     * become Members, arrays become lists, 64-bit integers become int, and all other numbers become float.
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
        // Matches up to the closing quote. A string may not contain control bytes (RFC 8259 §7).
        if (preg_match('/\G(?:[^"\\\\\x00-\x1f]|\\\\.)*+"/s', $this->text, $found, 0, $this->at) !== 1) {
            throw new NotJson();
        }
        $quoted = $found[0];
        $this->at += strlen($quoted);
        if (!str_contains($quoted, '\\')) {
            return substr($quoted, 0, -1);
        }
        // json_decode() reads the escapes: it refuses unknown ones and unpaired surrogates.
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
