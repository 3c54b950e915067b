// SPDX-License-Identifier: Apache-2.0
// The API behind each example. It serves the example's files and keeps posts, for users whose token Coatcheck
// verifies.
//
//   node examples/api/server.mjs EXAMPLE [--port 3000] [--coatcheck http://localhost:8080]
//     [--api http://localhost:3001]
//
// With --api another API answers, such as examples/lumen. Requests for it are passed on unchanged.
//
// Any API can ask Coatcheck in this way; nginx, Caddy and Traefik have it built in (docs/verifying.md).
// Coatcheck must name this program in trusted_proxies, so that the method that it passes on counts.
import { readFile } from 'node:fs/promises';
import { createServer, request as ask } from 'node:http';
import { extname, join, normalize, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const USUAL = 'http://localhost:8080'; // the URL in the examples' files
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '3000' },
    coatcheck: { type: 'string', default: USUAL },
    api: { type: 'string' },
  },
});
const here = resolve(import.meta.dirname, '..');
const example = resolve(here, positionals[0] ?? 'hybrid-memory');
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

// ---- Which user calls

/** The user of a request, or Coatcheck's refusal to pass on. */
function authenticate(request) {
  const headers = { 'X-Forwarded-Method': request.method };
  // The credential, and the headers that the CSRF rule for cookies checks.
  for (const name of ['authorization', 'cookie', 'origin', 'sec-fetch-site', 'x-coatcheck'])
    if (request.headers[name]) headers[name] = request.headers[name];
  // Older clients send the token and the user in separate headers (examples/jquery).
  const { 'x-token': older, 'x-user': named } = request.headers;
  if (older && (headers.authorization ?? `Bearer ${older}`) !== `Bearer ${older}`)
    return { status: 401, challenge: 'Bearer code="credential_conflict"' };
  if (older) headers.authorization = `Bearer ${older}`;
  return new Promise((done) => {
    const asked = ask(`${values.coatcheck}/api/v1/verify`, { headers, timeout: 2000 }, (answer) => {
      answer.resume();
      const said = (name) => decodeURIComponent(answer.headers[name] ?? '');
      const user = {
        id: said('x-auth-user'),
        name: said('x-auth-username'),
        roles: said('x-auth-roles').split(',').filter(Boolean),
      };
      if (answer.statusCode !== 200)
        done({ status: answer.statusCode, challenge: answer.headers['www-authenticate'] });
      else if ((named ?? user.id) !== user.id)
        done({ status: 401, challenge: 'Bearer code="token_not_ours"' });
      else done({ user });
    });
    asked.on('error', () => done({ status: 503 })); // without an answer, nobody is let in
    asked.on('timeout', () => asked.destroy());
    asked.end();
  });
}

// ---- What the API answers

const MAX_BODY = 10_000; // characters
const posts = [{ id: 1, author: 'Coatcheck', text: 'Hang up your coat.' }];

async function api(request, path, body) {
  const { user, status, challenge } = await authenticate(request);
  if (!user)
    return {
      status,
      headers: { ...(challenge && { 'WWW-Authenticate': challenge }) },
      json: { error: challenge ?? 'unavailable' },
    };
  if (path === '/api/posts' && request.method === 'POST') {
    const post = {
      id: posts.length + 1,
      author: user.name,
      text: String(JSON.parse(body).text).slice(0, 200),
    };
    posts.push(post);
    return { status: 201, json: post };
  }
  if (path === '/api/posts') return { status: 200, json: { reader: user.name, posts: posts.slice(-10) } };
  return { status: 404, json: { error: 'not found' } };
}

/** Passes on another API's answer. */
function passOn(request, response) {
  const { host, ...headers } = request.headers;
  const asked = ask(
    `${values.api}${request.url}`,
    { method: request.method, headers: { ...headers, 'X-Forwarded-Host': host } },
    (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    },
  );
  asked.on('error', () => response.writeHead(502).end());
  request.pipe(asked);
}

async function file(path) {
  const name = normalize(path).replace(/^\/+/, '');
  const shared = join(here, 'shared');
  const found = path.startsWith('/lib/')
    ? [join(here, 'node_modules', name.slice('lib/'.length))]
    : extname(name)
      ? [join(example, 'dist', name), join(example, name), join(shared, name)]
      : // Pages. A built example does its own routing, so its page answers every path.
        [
          join(example, 'dist/index.html'),
          join(example, `${name || 'index'}.html`),
          join(shared, `${name}.html`),
        ];
  for (const candidate of found) {
    const text = await readFile(candidate, 'utf8').catch(() => undefined);
    if (text !== undefined)
      return {
        status: 200,
        type: types[extname(candidate)] ?? 'text/plain',
        text: text.replaceAll(USUAL, values.coatcheck),
      };
  }
  return { status: 404, type: 'text/plain', text: 'Not found.' };
}

const server = createServer(async (request, response) => {
  try {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (values.api && pathname.startsWith('/api/')) return passOn(request, response);
    let body = '';
    for await (const part of request.setEncoding('utf8')) if (body.length <= MAX_BODY) body += part;
    if (body.length > MAX_BODY)
      response
        .writeHead(413, { 'Content-Type': 'application/json' })
        .end(JSON.stringify({ error: `at most ${MAX_BODY} characters` }));
    else if (pathname.startsWith('/api/')) {
      const { status, headers = {}, json } = await api(request, pathname, body);
      response
        .writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers })
        .end(JSON.stringify(json));
    } else {
      const { status, type, text } = await file(pathname);
      response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-cache' }).end(text);
    }
    return undefined;
  } catch (error) {
    if (!response.headersSent)
      response
        .writeHead(400, { 'Content-Type': 'application/json' })
        .end(JSON.stringify({ error: String(error) }));
    return undefined;
  }
});
server.listen(Number(values.port), '127.0.0.1', () =>
  console.log(`${positionals[0]}: http://localhost:${values.port}`),
);
