// SPDX-License-Identifier: Apache-2.0
// Used by tests/verifiers/differential.mjs: `verdicts.mjs SET TOKENS` prints one verdict for each line of
// TOKENS (a token in Base64), with the keys, the revocations and the `now` of SET, a file in the form of
// api/cases.
import { readFileSync } from 'node:fs';
import { importKeys } from '../dist/keys.js';
import { LiveVerifier } from '../dist/verifier.js';

const [, , setFile, tokensFile] = process.argv;
const set = JSON.parse(readFileSync(setFile, 'utf8'));
const verifier = new LiveVerifier({
  url: set.issuer,
  issuer: set.issuer,
  audience: set.audience,
  cutAfter: 5000,
  encryptionKeys: set.encryption_keys,
  onlyEncrypted: false,
});
verifier.keys.use(importKeys(set.jwks));
verifier.take(set.revocations);
const lines = readFileSync(tokensFile, 'latin1').trimEnd().split('\n');
const verdicts = [];
for (const line of lines) {
  // Node hands on header fields in this form, with one character for each byte.
  const verdict = await verifier.check(Buffer.from(line, 'base64').toString('latin1'), set.now * 1000);
  verdicts.push(verdict.ok ? 'ok' : verdict.code);
}
verifier.close();
process.stdout.write(`${verdicts.join('\n')}\n`);
