// SPDX-License-Identifier: Apache-2.0
// Foreign tokens beyond api/cases: live connections, and invalid settings.
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ForeignIssuer } from '../src/foreign.js';
import { LiveVerifier } from '../src/verifier.js';

const SECRET = 'a secret of the older system, long';
const issuer: ForeignIssuer = {
  name: 'old',
  iss: 'https://old.example',
  algorithm: 'HS256',
  key: SECRET,
  idPrefix: 'o-',
  until: new Date('2099-12-31'),
};
const made = (more: ForeignIssuer[] = [issuer]) =>
  new LiveVerifier({
    onProblem: () => {},
    url: 'https://id.example',
    issuer: 'https://id.example',
    audience: 'https://id.example',
    cutAfter: 5000,
    foreign: more,
  });
const now = Math.floor(Date.now() / 1000);

function signed(claims: object): string {
  const input = [{ alg: 'HS256' }, { iss: 'https://old.example', sub: 7, iat: now - 100, ...claims }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`;
}

test('a live connection ends with its session, and with its user', async () => {
  const verifier = made();
  const told: string[] = [];
  const users = await Promise.all(
    [signed({ jti: 1 }), signed({ jti: 2 }), signed({ jti: 3, iat: now }), signed({ sub: 8 })].map(
      async (token) => {
        const verdict = await verifier.check(token);
        if (!verdict.ok) throw new Error(verdict.code);
        return verdict.user;
      },
    ),
  );
  users.forEach((user, index) => void verifier.onEnd(user, (code) => told.push(`${index} ${code}`)));
  const expires = now + 900;
  verifier.take([{ kind: 'user_revoked', subject: 'o-7', minimum: 9, expires }]);
  expect(told, 'a version says nothing of it').toEqual([]);
  verifier.take([{ kind: 'session', subject: users[0]!.session, expires }]);
  expect(told).toEqual(['0 token_revoked']);
  // The verifier allows 60 seconds for clocks that differ, so this entry covers tokens issued until now - 30.
  verifier.take([{ kind: 'foreign_before', subject: 'o-7', minimum: now - 90, expires }]);
  expect(told).toEqual(['0 token_revoked', '1 token_revoked']);
  verifier.take([{ kind: 'foreign_before', subject: 'o-7', minimum: now, expires }]);
  expect(told).toEqual(['0 token_revoked', '1 token_revoked', '2 token_revoked']);
  verifier.close();
});

test('a key that is none for its algorithm is refused at once', () => {
  const pem = (type: 'rsa' | 'ec', options: object) =>
    generateKeyPairSync(type as 'rsa', options as { modulusLength: number }).publicKey.export({
      type: 'spki',
      format: 'pem',
    }) as string;
  for (const [change, why] of [
    [{ key: 'too short' }, /32 bytes/],
    [{ algorithm: 'RS256', key: pem('rsa', { modulusLength: 1024 }) }, /no public key/],
    [{ algorithm: 'RS256', key: pem('ec', { namedCurve: 'P-256' }) }, /no public key/],
    [{ algorithm: 'ES256', key: pem('ec', { namedCurve: 'P-384' }) }, /no public key/],
    [{ algorithm: 'ES256', key: { keys: [] } }, /no public key/],
    [{ algorithm: 'none', key: pem('rsa', { modulusLength: 2048 }) }, /no public key/],
  ] as [Partial<ForeignIssuer>, RegExp][])
    expect(() => made([{ ...issuer, ...change } as ForeignIssuer])).toThrow(why);
  expect(() =>
    made([{ ...issuer, algorithm: 'RS256', key: pem('rsa', { modulusLength: 2048 }) }]),
  ).not.toThrow();
});
