#!/usr/bin/env bash
# @modelcontextprotocol/conformance 0.2.0-alpha.12, command `authorization`: it takes --client-secret, and uses it
# only if the server's metadata does not list `none` among token_endpoint_auth_methods_supported. A server that knows
# clients with and without a secret, as most do, gets the token request of a confidential client with its client_id
# alone. It has to refuse that, and the suite reports a failure of the server: register a public client for it.
#
# The script is the server: metadata, a redirect with a code, and a token endpoint that prints how the client showed
# who it is. Seen with Node.js 22.23.3:
#   lists none and client_secret_post: secret sent: no
#   lists client_secret_post alone:    secret sent: yes
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --save-exact @modelcontextprotocol/conformance@0.2.0-alpha.12 node@22.23.3
cat >seen.mjs <<'JS'
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

async function secretSent(methods) {
  let sent = 'never asked';
  let origin;
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, origin);
    const json = (body) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));
    if (pathname.startsWith('/.well-known/'))
      return json({
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        response_types_supported: ['code'],
        grant_types_supported: ['authorization_code'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: methods,
      });
    if (pathname === '/authorize') {
      const back = new URL(searchParams.get('redirect_uri'));
      back.searchParams.set('code', 'a-code');
      back.searchParams.set('state', searchParams.get('state'));
      return response.writeHead(303, { Location: back.href }).end();
    }
    let body = '';
    for await (const part of request) body += part;
    sent = /client_secret=/.test(body) || request.headers.authorization ? 'yes' : 'no';
    json({ access_token: 'a-token', token_type: 'Bearer', expires_in: 60 });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${server.address().port}`;
  const callback = 20000 + Math.floor(Math.random() * 9000);
  const child = spawn('node_modules/.bin/node', [
    'node_modules/@modelcontextprotocol/conformance/dist/index.js',
    ...['authorization', '--url', origin, '--client-id', 'a-client', '--client-secret', 'a-secret'],
    ...['--port', `${callback}`, '--spec-version', '2026-07-28'],
  ]);
  const timer = setTimeout(() => child.kill(), 60_000);
  let said = '';
  let asked = false;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said += text;
      const address = new RegExp(`^(${origin}/authorize\\S+)$`, 'm').exec(said)?.[1];
      if (address && !asked && said.includes('Callback server started')) {
        asked = true;
        fetch(address).catch(() => {});
      }
    });
  await new Promise((done) => child.once('close', done));
  clearTimeout(timer);
  server.closeAllConnections();
  server.close();
  if (sent === 'never asked') console.error(said);
  return sent;
}

const both = await secretSent(['none', 'client_secret_post']);
const alone = await secretSent(['client_secret_post']);
console.log(`lists none and client_secret_post: secret sent: ${both}`);
console.log(`lists client_secret_post alone:    secret sent: ${alone}`);
process.exit(both === 'no' && alone === 'yes' ? 0 : 1);
JS
node seen.mjs
