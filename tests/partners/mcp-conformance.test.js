// SPDX-License-Identifier: Apache-2.0
// The conformance suite of the Model Context Protocol, for authorization servers. It needs Node.js 22, which
// comes as a package.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { API, addClient, freePort, startOAuth, Visitor } from './support.js';

const modules = join(import.meta.dirname, 'node_modules');
const suite = join(modules, '@modelcontextprotocol/conformance');

let coatcheck;
before(async () => {
  coatcheck = await startOAuth();
});
after(() => coatcheck?.stop());

// As a public client: the suite does not use a secret if the server also knows clients without one.
test('@modelcontextprotocol/conformance: authorization', async () => {
  const port = await freePort();
  const registered = addClient(coatcheck, 'native', 'MCP', '--redirect', 'http://127.0.0.1/callback');
  const words = [
    ...[join(suite, 'dist/index.js'), 'authorization', '--url', coatcheck.url, '--resource', API],
    ...['--client-id', registered.client_id, '--port', `${port}`, '--spec-version', '2026-07-28'],
  ];
  const child = spawn(join(modules, '.bin/node'), words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill(), 60_000);
  let said = '';
  let visit;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said += text;
      // The suite asks a person to go there, and waits.
      const asked = /^(http\S+\/oauth2\/authorize\S+)$/m.exec(said);
      if (asked && said.includes('Callback server started'))
        visit ??= new Visitor(coatcheck.url).visit(asked[1]).then((back) => fetch(back));
    });
  const status = await new Promise((done) => child.once('close', done));
  clearTimeout(timer);
  await visit;
  assert.equal(status, 0, said);
  assert.match(said, /Total: 2 passed, 0 failed/);
});
