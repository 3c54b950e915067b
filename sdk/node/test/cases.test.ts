// SPDX-License-Identifier: Apache-2.0
// Runs api/cases: this verifier must give the server's verdict on every case.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ForeignIssuer } from '../src/foreign.js';
import { importKeys } from '../src/keys.js';
import { authenticate } from '../src/credentials.js';
import { LiveVerifier, type Verifier } from '../src/verifier.js';

const CASES = new URL('../../../api/cases/', import.meta.url);

/** An issuer in the form that the case files use. */
interface CaseIssuer {
  name: string;
  algorithm: ForeignIssuer['algorithm'];
  key: string;
  iss: string[];
  audience: string;
  subject: string;
  id_prefix: string;
  require: Record<string, string>;
  issued_before: number;
  until: number;
}
const foreignIssuer = ({
  iss,
  key,
  audience,
  id_prefix,
  issued_before,
  until,
  ...rest
}: CaseIssuer): ForeignIssuer => ({
  ...rest,
  ...(iss.length > 0 && { iss }),
  key: key.startsWith('{') ? JSON.parse(key) : key,
  audience,
  idPrefix: id_prefix,
  issuedBefore: new Date(issued_before * 1000),
  until: new Date(until * 1000),
});

test.each(readdirSync(CASES).filter((name) => name.endsWith('.json')))('%s', async (name) => {
  const set = JSON.parse(readFileSync(new URL(name, CASES), 'utf8'));
  const verifier = new LiveVerifier({
    onProblem: () => {},
    url: set.issuer,
    issuer: set.issuer,
    audience: set.audience,
    cutAfter: 5000,
    encryptionKeys: set.encryption_keys,
    foreign: set.foreign?.map(foreignIssuer),
  });
  verifier.keys.use(importKeys(set.jwks));
  verifier.take(set.revocations);
  const wrong: string[] = [];
  for (const { name: what, token, now, verdict, user } of set.cases) {
    for (const round of ['new', 'seen']) {
      const given = await verifier.check(token, now * 1000);
      const said = given.ok ? 'ok' : given.code;
      if (said !== verdict || (given.ok && given.user.id !== user))
        wrong.push(`${what}, ${round}: ${said}, should be ${verdict}`);
    }
  }
  verifier.close();
  expect(wrong).toEqual([]);
  expect(set.cases.length).toBeGreaterThan(70);
});

test('JWK Sets', () => {
  const { cases } = JSON.parse(readFileSync(new URL('key-sets/key-sets.json', CASES), 'utf8'));
  const wrong: string[] = [];
  for (const { name, set, otherwise, kids } of cases) {
    let found: string[] | null = null;
    try {
      found = [...importKeys(set, otherwise ? { otherwise, minRsaBits: 2048 } : {}).keys()];
    } catch {
      // It is refused.
    }
    if (JSON.stringify(found) !== JSON.stringify(kids)) wrong.push(`${name}: ${JSON.stringify(found)}`);
  }
  expect(wrong).toEqual([]);
  expect(cases.length).toBeGreaterThan(50);
});

test('whole requests', async () => {
  const set = JSON.parse(readFileSync(new URL('requests/requests.json', CASES), 'utf8'));
  const live = new LiveVerifier({
    onProblem: () => {},
    url: set.issuer,
    issuer: set.issuer,
    audience: set.audience,
    cutAfter: 5000,
  });
  live.keys.use(importKeys(set.jwks));
  live.take(set.revocations);
  const verifier = { check: (token: string) => live.check(token, set.now * 1000) } as Verifier;
  const wrong: string[] = [];
  for (const { name, method, fields, verdict, bare = false } of set.cases) {
    const given = await authenticate(
      verifier,
      { method, headers: {}, rawHeaders: fields.flat() },
      { origin: set.origin, origins: set.origins, xToken: true, bareAuthorization: bare },
    );
    const said = given.ok ? 'ok' : given.code;
    if (said !== verdict) wrong.push(`${name}: ${said}, should be ${verdict}`);
  }
  live.close();
  expect(wrong).toEqual([]);
  expect(set.cases.length).toBeGreaterThan(200);
});
