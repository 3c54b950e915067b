// SPDX-License-Identifier: Apache-2.0
// Reads JSON in tokens by the server's rules. If an object has two members of one name, `JSON.parse` takes
// the last and another verifier may take the first, so that one token says two things. This parser refuses
// such an object.

/**
 * 64-bit integers become bigint, other numbers become number, so that a claim can require an integer and
 * refuse 1.0.
 */
export type Json = null | boolean | number | bigint | string | Json[] | { [name: string]: Json };

const MAX_DEPTH = 8;
const MAX_ELEMENTS = 4096;
/** With a longer exponent, parsers disagree on what is a number. */
const MAX_EXPONENT_DIGITS = 4;
const INT64 = 2n ** 63n;
const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class NotJson extends Error {}

/** Parses one JSON object with at most `maxMembers` members in total. Gives undefined for anything else. */
export function parseObject(bytes: Uint8Array, maxMembers: number): { [name: string]: Json } | undefined {
  try {
    const value = new Parser(utf8.decode(bytes), maxMembers).parse();
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

class Parser {
  private at = 0;

  constructor(
    private readonly text: string,
    private membersLeft: number,
  ) {}

  parse(): Json {
    const value = this.value(0);
    this.space();
    if (this.at !== this.text.length) throw new NotJson();
    return value;
  }

  private space(): void {
    while (' \t\n\r'.includes(this.text[this.at] ?? 'x')) this.at += 1;
  }

  private take(sign: string): boolean {
    this.space();
    if (this.text[this.at] !== sign) return false;
    this.at += 1;
    return true;
  }

  private value(depth: number): Json {
    if (this.take('{')) return this.object(depth + 1);
    if (this.take('[')) return this.array(depth + 1);
    if (this.take('"')) return this.string();
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (!this.text.startsWith(word, this.at)) continue;
      this.at += word.length;
      return value;
    }
    return this.number();
  }

  private object(depth: number): Json {
    if (depth > MAX_DEPTH) throw new NotJson();
    // Without a prototype, so that a member named __proto__ is an ordinary member.
    const found: { [name: string]: Json } = Object.create(null);
    if (this.take('}')) return found;
    do {
      if (!this.take('"')) throw new NotJson();
      const name = this.string();
      if (name in found || (this.membersLeft -= 1) < 0 || !this.take(':')) throw new NotJson();
      found[name] = this.value(depth);
    } while (this.take(','));
    if (!this.take('}')) throw new NotJson();
    return found;
  }

  private array(depth: number): Json {
    if (depth > MAX_DEPTH) throw new NotJson();
    const found: Json[] = [];
    if (this.take(']')) return found;
    do {
      found.push(this.value(depth));
      if (found.length > MAX_ELEMENTS) throw new NotJson();
    } while (this.take(','));
    if (!this.take(']')) throw new NotJson();
    return found;
  }

  private string(): string {
    let out = '';
    for (;;) {
      const sign = this.text[this.at];
      if (sign === undefined || sign < ' ') throw new NotJson();
      this.at += 1;
      if (sign === '"') return out;
      out += sign === '\\' ? this.escape() : sign;
    }
  }

  private escape(): string {
    const sign = this.text[this.at++];
    if (sign !== 'u') {
      const plain = ESCAPES[sign ?? ''];
      if (plain === undefined) throw new NotJson();
      return plain;
    }
    const high = this.hex();
    if (high >= 0xdc00 && high <= 0xdfff) throw new NotJson();
    if (high < 0xd800 || high > 0xdbff) return String.fromCharCode(high);
    if (!this.text.startsWith('\\u', this.at)) throw new NotJson();
    this.at += 2;
    const low = this.hex();
    if (low < 0xdc00 || low > 0xdfff) throw new NotJson();
    return String.fromCharCode(high, low);
  }

  private hex(): number {
    const digits = this.text.slice(this.at, this.at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new NotJson();
    this.at += 4;
    return Number.parseInt(digits, 16);
  }

  private number(): number | bigint {
    const form = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
    form.lastIndex = this.at;
    const found = form.exec(this.text);
    if (!found) throw new NotJson();
    this.at = form.lastIndex;
    if (found[2] && found[2].replace(/^[eE][+-]?/, '').length > MAX_EXPONENT_DIGITS) throw new NotJson();
    if (found[1] !== undefined || found[2] !== undefined) return Number(found[0]);
    const whole = BigInt(found[0]);
    return whole >= -INT64 && whole < INT64 ? whole : Number(found[0]);
  }
}
