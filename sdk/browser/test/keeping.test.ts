// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { claimsOf, kept, parseKept } from '../src/keeping.js';
import type { Answer } from '../src/wire.js';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenFor = (claims: object) => `${part({ alg: 'ES256' })}.${part(claims)}.c2ln`;
/** When each request starts, by this machine's clock, which is years ahead of the server's. */
const start = 2_500_000_000_000;
const claims = { iss: 'https://id.example', sub: 'u1', exp: 2_000_000_000 };

const answer = (more: Partial<Answer> = {}): Answer => ({
  token: tokenFor(claims),
  refresh_token: `ccr_${'a'.repeat(60)}`,
  expires_in: 900,
  expires_at: 1_900_000_900,
  user: { id: 'u1', username: 'ada', email: null, roles: [], claims: {} },
  session: {
    id: 's1',
    device: '',
    address: '',
    created_at: 0,
    last_used_at: 0,
    idle_expires_at: 1_900_604_800,
    expires_at: 0,
    delivery: 'body',
    current: true,
  },
  ...more,
});

describe('what is kept', () => {
  test("has times by this machine's clock, whatever the server's says", async () => {
    const { expiresAt, dueAt, until } = await kept(Promise.resolve(answer()), start);
    expect(expiresAt).toBe(start + 900_000);
    expect(dueAt).toBe(expiresAt - 30_000);
    expect(until).toBe(start + 604_800_000);
  });

  test('is due when a fifth of a short life is left', async () => {
    const { expiresAt, dueAt } = await kept(Promise.resolve(answer({ expires_in: 10 })), start);
    expect(expiresAt - dueAt).toBe(2000);
  });

  test.each([[{}], [{ user: undefined }], [{ session: { id: '' } }]])('is not made from %j', async (more) => {
    const given = Object.keys(more).length ? answer(more as unknown as Partial<Answer>) : ({} as Answer);
    await expect(kept(Promise.resolve(given), start)).rejects.toThrow(
      expect.objectContaining({ code: 'invalid_answer' }),
    );
  });
});

describe('what is read back', async () => {
  const good = await kept(Promise.resolve(answer()), start);

  test('is what was written', () =>
    expect(parseKept(JSON.stringify(good), start)).toEqual(JSON.parse(JSON.stringify(good))));

  test('names with every script survive', () => {
    const user = { ...good.user, username: 'Ωλ🙂"\\' };
    expect(parseKept(JSON.stringify({ ...good, user }), start)?.user.username).toBe(user.username);
  });

  test.each([
    [null],
    [undefined],
    [''],
    ['null'],
    ['[]'],
    ['{'],
    ['"x"'],
    ['1e999'],
    [JSON.stringify(good).slice(1)],
    [JSON.stringify({ ...good, token: undefined })],
    [JSON.stringify({ ...good, session: 0 })],
    [JSON.stringify({ ...good, until: 'x' })],
    [JSON.stringify({ ...good, user: { id: 'u2', username: 'b', roles: [] } })],
    [JSON.stringify({ ...good, refresh: 'a.b' })],
    [JSON.stringify({ ...good, refresh: 'a'.repeat(600) })],
    [JSON.stringify({ ...good, user: { ...good.user, claims: { x: 'y'.repeat(20_000) } } })],
    [JSON.stringify({ ...good, refresh: undefined, expiresAt: start - 1 })],
    ['{"__proto__":{"token":1}}'],
  ])('is not taken where it is %s', (text) => expect(parseKept(text, start)).toBeUndefined());
});

describe("a token's claims", () => {
  test('are read from its middle', () => expect(claimsOf(tokenFor(claims))).toEqual(claims));
  test.each([
    [undefined],
    [7],
    [''],
    ['a.b'],
    ['a.b.c.d'],
    ['a..c'],
    ['a.b c.d'],
    ['a.b=.c'],
    [`a.${part([])}.c`],
    [tokenFor({ ...claims, sub: '' })],
    [tokenFor({ ...claims, exp: 'x' })],
    [tokenFor({ ...claims, more: 'x'.repeat(20_000) })],
    [{ toString: () => tokenFor(claims) }],
  ])('are none in %s', (token) => {
    expect(claimsOf(token)).toBeUndefined();
  });
});
