// SPDX-License-Identifier: Apache-2.0
// Helpers for the JavaScript tests: they start a real Coatcheck, and the examples' API.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, request as ask } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const ROOT = resolve(import.meta.dirname, '../..');
export const BINARY = resolve(process.env.COATCHECK_BINARY ?? join(ROOT, 'build/release/coatcheck'));
export const PASSWORD = 'nine violet otters paint lanterns';
export const WAIT = 20_000; // milliseconds after which an expected event counts as missing

/**
 * Without the COATCHECK_ settings of the person who runs the tests, which must not reach the server under
 * test.
 */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('COATCHECK_')),
);

/**
 * A port below the range that the system uses for outgoing connections, so that no connection of a test can
 * hold it.
 */
export async function freePort() {
  const ceiling = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t')[0]);
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * (ceiling - 10_000));
    const listener = createServer();
    const isFree = await new Promise((done) =>
      listener.once('error', () => done(false)).listen(port, () => done(true)),
    );
    if (!isFree) continue;
    await new Promise((done) => listener.close(done));
    return port;
  }
}

/** Ends a process that the tests started. */
export async function end(child) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(timer);
}

/** Starts a process and waits until `isUp` gives true. */
export async function launch(command, words, options, isUp) {
  const child = spawn(command, words, { env: environment, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said += text;
    });
  for (const deadline = Date.now() + 20_000; !(await isUp().catch(() => false)); ) {
    assert.equal(child.exitCode, null, `${command} ended:\n${said}`);
    assert.ok(Date.now() < deadline, `${command} is not ready:\n${said}`);
    await sleep(20);
  }
  return child;
}

/**
 * A link to a server that can lose answers: the server has handled the request, and the client never gets the
 * answer.
 */
class Link {
  /**
   * Says whether the answer to a request gets lost: 'answer' gives 502, as a proxy does that gives up;
   * 'connection' drops the connection, after which a browser may send the request again by itself.
   */
  loses = () => false;

  lost = 0;

  async start(target) {
    this.port = await freePort();
    this.target = target;
    await this.restart();
  }

  /** Starts again after stop(), on the same port. */
  async restart() {
    this.server = createHttpServer((request, response) => {
      const { method, url: path, headers } = request;
      const asked = ask({ host: '127.0.0.1', port: this.target, method, path, headers }, (answer) => {
        const loss = this.loses(request);
        if (loss) {
          this.lost += 1;
          answer
            .resume()
            .on('end', () => (loss === 'answer' ? response.writeHead(502).end() : response.destroy()));
          return;
        }
        response.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(response);
      });
      asked.on('error', () => response.destroy());
      request.pipe(asked);
    });
    await new Promise((done) => this.server.listen(this.port, '127.0.0.1', done));
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

/** A server with its own directory and port. Tests reach it through a link. */
export class Coatcheck {
  link = new Link();

  constructor(...flags) {
    this.flags = flags;
    this.directory = mkdtempSync(join(tmpdir(), 'coatcheck-browser-'));
    this.data = join(this.directory, 'data');
  }

  async start() {
    if (!this.port) {
      this.port = await freePort();
      await this.link.start(this.port);
      this.url = `http://localhost:${this.link.port}`;
    }
    const words = [
      'serve',
      '--set',
      'drain=1ms',
      '--data',
      this.data,
      '--listen',
      `127.0.0.1:${this.port}`,
      '--public-url',
      this.url,
      ...this.flags,
    ];
    this.process = await launch(
      BINARY,
      words,
      { cwd: this.directory },
      async () => (await fetch(`http://127.0.0.1:${this.port}/readyz`)).ok,
    );
    return this;
  }

  async restart() {
    await end(this.process);
    return this.start();
  }

  /** Kills the server with kill -9. */
  async crash() {
    const ended = new Promise((done) => this.process.once('exit', done));
    this.process.kill('SIGKILL');
    await ended;
  }

  async stop() {
    await this.link.stop();
    await end(this.process);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Runs a command on this server's data and returns its output. */
  command(words, input = '') {
    const options = { input, encoding: 'utf8', env: environment, cwd: this.directory, timeout: 20_000 };
    const result = spawnSync(BINARY, [...words, '--data', this.data], options);
    assert.equal(
      result.status,
      0,
      `${words.join(' ')}: ${result.error ?? ''}${result.stdout}${result.stderr}`,
    );
    return result.stdout;
  }

  addUser(name) {
    this.command(['user', 'add', name, '--password-stdin'], `${PASSWORD}\n`);
  }

  /** Signs in from outside the page, as another device does. */
  async signInElsewhere(device, username = 'ada') {
    const answer = await fetch(`${this.url}/api/v1/authentication`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username, password: PASSWORD, delivery: 'body', device }),
    });
    assert.equal(answer.status, 200);
    return answer.json();
  }

  async signOut(token) {
    const answer = await fetch(`${this.url}/api/v1/authentication`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${token}` },
    });
    assert.equal(answer.status, 204);
  }

  serviceKey(name, ...scopes) {
    return this.command([
      'service-key',
      'add',
      name,
      ...scopes.flatMap((scope) => ['--scope', scope]),
    ]).trim();
  }
}

/** Starts the Lumen example as its README does: Debian's Lumen, php-fpm and nginx. */
export async function startLumen(server, more = {}) {
  const [port, phpPort] = [await freePort(), await freePort()];
  const directory = mkdtempSync(join(tmpdir(), 'coatcheck-lumen-'));
  const example = join(ROOT, 'examples/lumen');
  const configured = (name) => {
    const text = readFileSync(join(example, name), 'utf8');
    writeFileSync(
      join(directory, name),
      text
        .replaceAll('127.0.0.1:3000', `127.0.0.1:${port}`)
        .replaceAll('127.0.0.1:9000', `127.0.0.1:${phpPort}`)
        .replaceAll('/srv/lumen', example),
    );
    return join(directory, name);
  };
  const env = {
    ...process.env,
    COATCHECK_URL: server.url,
    COATCHECK_SERVICE_KEY: server.serviceKey('lumen', 'feed'),
    TMPDIR: directory,
    ...more,
  };
  const asRoot = process.getuid() === 0 ? ['--allow-to-run-as-root'] : [];
  const words = [
    '--nodaemonize',
    '--fpm-config',
    configured('php-fpm.conf'),
    '--prefix',
    directory,
    ...asRoot,
  ];
  const php = await launch('/usr/sbin/php-fpm8.2', words, { cwd: directory, env }, async () => true);
  const api = `http://localhost:${port}`;
  const nginx = await launch(
    '/usr/sbin/nginx',
    ['-c', configured('nginx.conf'), '-p', directory],
    { cwd: directory, env },
    async () => (await fetch(`${api}/healthz`)).status === 200,
  );
  const stop = async () => {
    await end(nginx);
    await end(php);
    rmSync(directory, { recursive: true, force: true });
  };
  return { api, stop };
}

/** Starts the examples' API with the files of one example. */
export const startApi = (name, port, coatcheck, ...more) =>
  launch(
    process.execPath,
    [join(ROOT, 'examples/api/server.mjs'), name, '--port', `${port}`, '--coatcheck', coatcheck.url, ...more],
    {},
    async () => (await fetch(`http://127.0.0.1:${port}/`)).status > 0,
  );

/**
 * Starts an example and its API, in front of a Coatcheck that allows its origin:
 * `{ coatcheck, origin, stop }`. `name in front of lumen` uses the Lumen API.
 */
export async function startExample(what, ...flags) {
  const [name, otherApi] = what.split(' in front of ');
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const coatcheck = await new Coatcheck(
    '--set',
    `cors.origins=${origin}`,
    '--set',
    'trusted_proxies=127.0.0.1',
    ...flags,
  ).start();
  coatcheck.addUser('ada');
  const other = otherApi === 'lumen' ? await startLumen(coatcheck) : undefined;
  const api = await startApi(name, port, coatcheck, ...(other ? ['--api', other.api] : []));
  const stop = async () => {
    await end(api);
    await other?.stop();
    await coatcheck.stop();
  };
  return { coatcheck, origin, stop };
}
