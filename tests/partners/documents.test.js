// SPDX-License-Identifier: Apache-2.0
// The snippets of docs/oauth.md, run as they stand.

import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { allowInsecureRequests } from 'openid-client';
import { addClient, ROOT, startOAuth, Visitor } from './support.js';

let coatcheck;
before(async () => {
  coatcheck = await startOAuth();
});
after(() => coatcheck?.stop());

test('openid-client', async () => {
  const document = readFileSync(join(ROOT, 'docs/oauth.md'), 'utf8');
  const snippet = /```js openid-client\n([\s\S]*?)```/.exec(document)[1];
  const [first, ...rest] = snippet.split('\n\n');
  const module = join(import.meta.dirname, `snippet-${process.pid}.mjs`);
  const names = 'issuer, clientId, clientSecret, redirectUri, options, sendBrowserTo';
  writeFileSync(
    module,
    `${first}\nexport async function run({ ${names} }) {\n${rest.join('\n\n')}\nreturn tokens;\n}\n`,
  );
  try {
    const { run } = await import(module);
    const redirectUri = 'https://notes.example/cb';
    const registered = addClient(coatcheck, 'web', 'Notes', '--redirect', redirectUri);
    const tokens = await run({
      issuer: coatcheck.url,
      clientId: registered.client_id,
      clientSecret: registered.client_secret,
      redirectUri,
      options: { execute: [allowInsecureRequests] },
      sendBrowserTo: (url) => new Visitor(coatcheck.url).visit(url),
    });
    assert.equal(tokens.claims().preferred_username, 'ada');
  } finally {
    rmSync(module);
  }
});
