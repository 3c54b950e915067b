// SPDX-License-Identifier: Apache-2.0
// Verifiers in front of real APIs, against a real server: which tokens they accept, and how soon they refuse
// one.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createDecipheriv, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { coatcheck } from '../../sdk/node/dist/fastify.js';
import { createVerifier } from '../../sdk/node/dist/index.js';
import { Coatcheck, end, freePort, launch, PASSWORD, ROOT, startLumen } from '../support/servers.js';

const EXAMPLES = join(ROOT, 'examples');

/** Sends a request with exactly these headers, in this spelling: `[name, value, name, value]`. */
const ask = (method, url, rawHeaders = [], body = '') =>
  new Promise((done, fail) => {
    const { hostname, port, pathname } = new URL(url);
    const asked = request(
      {
        host: hostname === 'localhost' ? '127.0.0.1' : hostname,
        port,
        method,
        path: pathname,
        headers: [
          'Host',
          `localhost:${port}`,
          ...rawHeaders,
          ...(body ? ['Content-Length', `${body.length}`] : []),
        ],
        agent: false,
      },
      (answer) => {
        let text = '';
        answer
          .on('data', (part) => {
            text += part;
          })
          .on('end', () =>
            done({ status: answer.statusCode, headers: answer.headers, text, json: () => JSON.parse(text) }),
          );
      },
    );
    asked.on('error', fail);
    asked.end(body);
  });
const bearer = (token) => ['Authorization', `Bearer ${token}`];
const forged = (token) =>
  token.replace(/\.[^.]+\./, `.${Buffer.from('{"sub":"root"}').toString('base64url')}.`);

async function until(what, condition, milliseconds = 5000) {
  const started = performance.now();
  while (!(await condition())) {
    assert.ok(performance.now() - started < milliseconds, `not within ${milliseconds} ms: ${what}`);
    await sleep(5);
  }
  return performance.now() - started;
}

describe('a verifier in Node.js', () => {
  let server;
  const open = [];
  const verifierOf = (more = {}) => {
    open.push(createVerifier({ url: server.url, serviceKey: server.key, cutAfter: 1500, ...more }));
    return open.at(-1);
  };
  const code = async (verifier, token) => {
    const verdict = await verifier.check(token);
    return verdict.ok ? 'ok' : verdict.code;
  };

  before(async () => {
    server = await new Coatcheck('--access-ttl', '60s').start();
    for (const name of ['ada', 'bob', 'eve']) server.addUser(name);
    server.key = server.serviceKey('tests', 'feed');
  });
  after(async () => {
    for (const verifier of open) verifier.close();
    await server.stop();
  });

  test('knows the user, and everything that is not a good token', async () => {
    const verifier = verifierOf();
    await verifier.ready();
    const { token, user, session, refresh_token: refreshToken } = await server.signInElsewhere('one');
    const verdict = await verifier.check(token);
    assert.deepEqual(
      [verdict.ok, verdict.user.id, verdict.user.username, verdict.user.session],
      [true, user.id, 'ada', session.id],
    );
    for (const bad of ['', 'x', refreshToken, server.key, `${token} `, token.slice(0, -1)])
      assert.equal(await code(verifier, bad), 'token_malformed', bad);
    assert.equal(await code(verifier, forged(token)), 'token_not_ours');
    assert.equal((await verifier.check(token, Date.now() + 61_000)).code, 'token_expired');
  });

  test('signing out, new roles, a new password and disabling count within a second', async () => {
    const verifier = verifierOf();
    await verifier.ready();
    const [one, two, bob, eve] = [
      await server.signInElsewhere('1'),
      await server.signInElsewhere('2'),
      await server.signInElsewhere('3', 'bob'),
      await server.signInElsewhere('4', 'eve'),
    ];
    for (const { token } of [one, two, bob, eve]) assert.equal(await code(verifier, token), 'ok');
    await server.signOut(one.token);
    assert.ok(
      (await until('signed out', async () => (await code(verifier, one.token)) === 'token_revoked')) < 1000,
    );
    assert.equal(await code(verifier, two.token), 'ok', 'the other session goes on');
    server.command(['user', 'set', 'bob', '--role', 'editor']);
    assert.ok((await until('stale', async () => (await code(verifier, bob.token)) === 'token_stale')) < 1000);
    const again = await server.signInElsewhere('5', 'bob');
    assert.deepEqual((await verifier.check(again.token)).user.roles, ['editor']);
    server.command(['user', 'disable', 'eve']);
    assert.ok(
      (await until('disabled', async () => (await code(verifier, eve.token)) === 'token_revoked')) < 1000,
    );
    server.command(['user', 'enable', 'eve']);
    await sleep(300);
    assert.equal(await code(verifier, eve.token), 'token_revoked', 'enabling revives nothing');
  });

  test('a rotated key is taken up, a compromised one dropped', async () => {
    const verifier = verifierOf();
    await verifier.ready();
    const before = await server.signInElsewhere('before');
    assert.equal(await code(verifier, before.token), 'ok');
    server.command(['key', 'rotate']);
    server.command(['key', 'rotate']); // the verifier has not loaded this key
    const afterwards = await server.signInElsewhere('after');
    await until('the new key', async () => (await code(verifier, afterwards.token)) === 'ok', 8000);
    assert.equal(await code(verifier, before.token), 'ok', 'nobody is signed out');
    const { kid } = JSON.parse(Buffer.from(before.token.split('.')[0], 'base64url'));
    server.command(['key', 'revoke', kid]);
    assert.ok(
      (await until(
        'the key is dropped',
        async () => (await code(verifier, before.token)) === 'token_not_ours',
      )) < 1000,
    );
    assert.equal(await code(verifier, afterwards.token), 'ok');
  });

  test('over a crash of the server nothing that was revoked comes back, and what comes later is heard', async () => {
    const verifier = verifierOf();
    await verifier.ready();
    const [zero, one, two, three] = [
      await server.signInElsewhere('0'),
      await server.signInElsewhere('1'),
      await server.signInElsewhere('2'),
      await server.signInElsewhere('3'),
    ];
    await server.signOut(one.token);
    await until('signed out', async () => (await code(verifier, one.token)) === 'token_revoked', 1000);
    await server.signOut(zero.token); // acknowledged, and perhaps not sent to followers before the crash
    await server.crash();
    await server.start();
    assert.equal(await code(verifier, one.token), 'token_revoked');
    await until(
      'what was acknowledged last',
      async () => (await code(verifier, zero.token)) === 'token_revoked',
      5000,
    );
    await until('it follows again', () => verifier.state.feed === 'following');
    await server.signOut(two.token);
    assert.ok(
      (await until('signed out', async () => (await code(verifier, two.token)) === 'token_revoked')) < 3000,
    );
    assert.deepEqual(
      [await code(verifier, one.token), await code(verifier, three.token)],
      ['token_revoked', 'ok'],
    );
  });

  test('cut off, it refuses after the limit, or accepts where that is the policy; and then knows what it missed', async () => {
    const [strict, lenient] = [verifierOf(), verifierOf({ whenCut: 'accept' })];
    await Promise.all([strict.ready(), lenient.ready()]);
    const [one, two] = [await server.signInElsewhere('1'), await server.signInElsewhere('2')];
    assert.deepEqual([await code(strict, one.token), await code(lenient, one.token)], ['ok', 'ok']);
    await server.link.stop();
    assert.equal(await code(strict, one.token), 'ok', 'a moment is nothing');
    const direct = `http://127.0.0.1:${server.port}/api/v1/authentication`;
    assert.equal(
      (await fetch(direct, { method: 'DELETE', headers: { Authorization: `Bearer ${two.token}` } })).status,
      204,
    );
    // Each verifier had its last news at a different time.
    await until(
      'the limit',
      async () =>
        (await code(strict, one.token)) === 'unavailable' &&
        strict.state.feed === 'cut' &&
        lenient.state.feed === 'cut',
    );
    assert.equal(await code(lenient, two.token), 'ok', 'the price of accepting');
    await server.link.restart();
    await until(
      'both follow again',
      () => strict.state.feed === 'following' && lenient.state.feed === 'following',
    );
    await until(
      'what was missed is known',
      async () =>
        (await code(lenient, two.token)) === 'token_revoked' &&
        (await code(strict, two.token)) === 'token_revoked',
    );
    assert.equal(await code(strict, one.token), 'ok');
  });

  test('one that never synchronised refuses', async () => {
    const { token } = await server.signInElsewhere('x');
    const problems = [];
    const verifier = verifierOf({
      serviceKey: server.key.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x')),
      onProblem: (problem) => problems.push(problem.message),
    });
    await sleep(300);
    assert.equal(await code(verifier, token), 'unavailable');
    assert.equal(verifier.state.feed, 'never');
    assert.match(problems[0], /service_key_unknown/);
    assert.throws(() => createVerifier({ url: server.url }), /service-key add/);
    const blind = verifierOf({ serviceKey: undefined, ignoreRevocations: true });
    assert.equal(await code(blind, token), 'ok', 'who says that sign-outs do not matter has no feed');
  });

  // Rows 30 and 36 of the issue "A smooth ride": it waited for ever, or said nothing.
  test('a wrong service key and a wrong issuer are told, once', async () => {
    const problems = [];
    const onProblem = ({ message }) => problems.push(message);
    const wrong = verifierOf({
      serviceKey: server.key.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x')),
      onProblem,
    });
    await assert.rejects(wrong.ready(), /refuses the service key .*service-key add/);
    await sleep(1_000);
    assert.equal(problems.length, 1, String(problems));
    wrong.close();

    const other = verifierOf({ issuer: 'https://id.example', onProblem });
    await assert.rejects(other.ready(), /have the issuer "http.*expects "https:\/\/id\.example"/);
    assert.equal(problems.length, 2);
  });

  test('the check that a token failed is told, once', async () => {
    const problems = [];
    const { token } = await server.signInElsewhere('z');
    const verifier = verifierOf({
      audience: 'https://api.example',
      onProblem: ({ message }) => problems.push(message),
    });
    await verifier.ready();
    for (let i = 0; i < 3; ++i) assert.equal(await code(verifier, token), 'token_not_ours');
    await until('it is told', () => problems.length > 0, 1000);
    await sleep(1_100);
    assert.equal(await code(verifier, token), 'token_not_ours');
    const [head, claims, signature] = token.split('.');
    const forged = `${head}.${claims}.${signature.slice(0, 10)}${signature[10] === 'A' ? 'B' : 'A'}${signature.slice(11)}`;
    const honest = verifierOf({ onProblem: ({ message }) => problems.push(message) });
    await honest.ready();
    assert.equal(await code(honest, forged), 'token_not_ours');
    await until('both are told', () => problems.length > 1, 1000);
    assert.equal(problems.length, 2);
    assert.match(problems[0], /its aud is "http.*expected is "https:\/\/api\.example"/);
    assert.match(problems[1], /signature is not by the key/);
  });

  test('an open connection hears once that its session is over', async () => {
    const verifier = verifierOf();
    await verifier.ready();
    const [one, two] = [await server.signInElsewhere('1'), await server.signInElsewhere('2')];
    const heard = [];
    const users = [(await verifier.check(one.token)).user, (await verifier.check(two.token)).user];
    verifier.onEnd(users[0], (reason) => heard.push(['first', reason]));
    const forget = verifier.onEnd(users[0], (reason) => heard.push(['forgotten', reason]));
    verifier.onEnd(users[1], (reason) => heard.push(['second', reason]));
    forget();
    await server.signOut(one.token);
    await until('it heard', () => heard.length > 0, 1000);
    server.command(['user', 'disable', 'ada']);
    await until('the second', () => heard.length > 1, 1000);
    assert.deepEqual(heard, [
      ['first', 'token_revoked'],
      ['second', 'token_revoked'],
    ]);
    verifier.onEnd(users[1], (reason) => heard.push(['late', reason]));
    assert.equal(heard.at(-1)[0], 'late', 'who asks too late is told at once');
    server.command(['user', 'enable', 'ada']);
  });
});

/** The tests that every verifier or proxy in front of an API must pass. */
function passes(
  name,
  start,
  {
    takesXToken = false,
    answersInEnvelope = takesXToken,
    hasEvents = false,
    passesPreflights = true,
    flags = [],
  } = {},
) {
  describe(name, () => {
    let [server, api, stop] = [];
    before(async () => {
      server = await new Coatcheck(
        '--access-ttl',
        '3s',
        '--set',
        'trusted_proxies=127.0.0.1',
        ...flags,
      ).start();
      for (const user of ['ada', 'bob']) server.addUser(user);
      ({ api, stop } = await start(server));
    });
    after(async () => {
      await stop?.();
      await server?.stop();
    });

    test('a good token is a user, an expired, a revoked and a forged one are not', async () => {
      const { token, user } = await server.signInElsewhere('one');
      const good = await ask('GET', `${api}/api/me`, bearer(token));
      assert.equal(good.status, 200, good.text);
      assert.ok(good.text.includes(user.id));
      const refused = async (headers, code) => {
        const answer = await ask('GET', `${api}/api/me`, headers);
        assert.equal(answer.status, 401, `${code}: ${answer.text}`);
        assert.match(answer.headers['www-authenticate'], new RegExp(`code="${code}"`));
      };
      await refused([], 'token_missing');
      await refused(bearer(forged(token)), 'token_not_ours');
      await refused(bearer('junk'), 'token_malformed');
      await server.signOut(token);
      await until(
        'signed out',
        async () => (await ask('GET', `${api}/api/me`, bearer(token))).status === 401,
        1000,
      );
      await refused(bearer(token), 'token_revoked');
      const another = await server.signInElsewhere('two');
      assert.equal((await ask('GET', `${api}/api/me`, bearer(another.token))).status, 200);
      await sleep(3100);
      await refused(bearer(another.token), 'token_expired');
    });

    // Browsers send it without credentials (Fetch §3.2.2), and the API alone knows its answer (issue 19, row 20).
    test('a preflight reaches the API, and nothing that only looks like one', async () => {
      const preflight = ['Origin', 'https://app.example', 'Access-Control-Request-Method', 'POST'];
      const status = async (method, headers, query = '') =>
        (await ask(method, `${api}/api/posts${query}`, headers)).status;
      if (passesPreflights) assert.ok(![401, 403].includes(await status('OPTIONS', preflight)));
      // Some routers do not know OPTIONS, and answer 404 or 405 before anything is checked.
      assert.ok((await status('OPTIONS', preflight.slice(0, 2))) >= 401);
      assert.ok((await status('OPTIONS', preflight.slice(2))) >= 401);
      assert.ok((await status('OPTIONS', [...preflight, ...bearer('junk')])) >= 401);
      const disguised = [...preflight, 'X-Forwarded-Method', 'OPTIONS'];
      assert.equal(await status('POST', disguised), 401);
      assert.equal(await status('POST', disguised, '?method=OPTIONS'), 401);
      // Laravel and Lumen take these for the method, before anything is checked.
      const overriding = [...disguised, 'X-HTTP-Method-Override', 'OPTIONS', '_method', 'OPTIONS'];
      for (const method of ['POST', 'GET', 'DELETE']) assert.ok((await status(method, overriding)) >= 401);
    });

    test('a cookie on an unsafe method needs proof of where it comes from', async () => {
      const { token } = await server.signInElsewhere('one');
      const cookie = ['Cookie', `a=b; __Host-Http-coatcheck=${token}`];
      const post = async (...more) =>
        (
          await ask(
            'POST',
            `${api}/api/posts`,
            [...cookie, 'Content-Type', 'application/json', ...more],
            '{}',
          )
        ).status;
      assert.equal((await ask('GET', `${api}/api/me`, cookie)).status, 200);
      assert.equal(await post(), 403);
      assert.equal(await post('Sec-Fetch-Site', 'cross-site', 'Origin', 'https://evil.example'), 403);
      assert.equal(await post('Sec-Fetch-Site', 'same-site', 'Origin', 'https://evil.example'), 403);
      assert.equal(await post('Origin', 'https://evil.example'), 403);
      assert.equal(await post('Sec-Fetch-Site', 'none'), 403);
      assert.equal(await post('Sec-Fetch-Site', 'same-origin'), 201);
      assert.equal(await post('X-Coatcheck', '1'), 201);
      assert.equal(
        (await ask('POST', `${api}/api/posts`, [...bearer(token), 'Content-Type', 'application/json'], '{}'))
          .status,
        201,
        'a header needs none of this',
      );
    });

    if (takesXToken)
      test('X-TOKEN counts with X-USER whose it is, once each', async () => {
        const [ada, bob] = [await server.signInElsewhere('1'), await server.signInElsewhere('2', 'bob')];
        const older = async (...headers) => {
          const answer = await ask('GET', `${api}/api/me`, headers);
          return [answer.status, /code="(\w+)"/.exec(answer.headers['www-authenticate'] ?? '')?.[1]];
        };
        assert.deepEqual(await older('X-TOKEN', ada.token, 'X-USER', ada.user.id), [200, undefined]);
        assert.deepEqual(await older('x-token', ada.token, 'x-user', bob.user.id), [401, 'token_not_ours']);
        assert.deepEqual(await older('X-TOKEN', forged(ada.token), 'X-USER', ada.user.id), [
          401,
          'token_not_ours',
        ]);
        const enveloped = await ask('GET', `${api}/api/me`, [
          'X-TOKEN',
          forged(ada.token),
          'X-USER',
          ada.user.id,
        ]);
        if (answersInEnvelope) {
          assert.match(enveloped.headers['content-type'], /^application\/json\b/);
          assert.deepEqual(enveloped.json(), {
            success: false,
            data: null,
            detail: {
              message: 'This token was not issued by this server, or not for this audience.',
              error: 'token_not_ours',
            },
          });
        }
        assert.deepEqual(await older('X-USER', ada.user.id), [401, 'token_missing']);
        assert.equal((await older('X-TOKEN', ada.token))[0], 400);
        assert.equal(
          (await older('X-TOKEN', ada.token, 'X-USER', ada.user.id, ...bearer(bob.token)))[0],
          400,
        );
        assert.notEqual(
          (
            await older(
              'X-TOKEN',
              ada.token,
              'X-USER',
              bob.user.id,
              'X-USER',
              ada.user.id,
              'X_USER',
              ada.user.id,
            )
          )[0],
          200,
        );
        await server.signOut(ada.token);
        await until(
          'signed out',
          async () => (await older('X-TOKEN', ada.token, 'X-USER', ada.user.id))[0] === 401,
          1000,
        );
      });

    if (hasEvents)
      test('an open connection ends when its session does, and no other', async () => {
        const [one, two] = [await server.signInElsewhere('1'), await server.signInElsewhere('2')];
        const open = async ({ token }) => {
          const connection = { text: '', isOpen: true };
          const answer = await new Promise((done, fail) => {
            request(
              `${api}/api/events`,
              { headers: { Authorization: `Bearer ${token}` }, agent: false },
              done,
            )
              .on('error', fail)
              .end();
          });
          assert.equal(answer.statusCode, 200);
          answer
            .on('data', (part) => {
              connection.text += part;
            })
            .on('close', () => {
              connection.isOpen = false;
            })
            .on('error', () => {});
          await until('its first event', () => connection.text.includes('data: '));
          return { connection, answer };
        };
        const [first, second] = [await open(one), await open(two)];
        await server.signOut(one.token);
        assert.ok((await until('it ends', () => !first.connection.isOpen)) < 1000);
        assert.ok(second.connection.isOpen);
        second.answer.destroy();
      });

    test('two different tokens are none', async () => {
      const [one, two] = [await server.signInElsewhere('1'), await server.signInElsewhere('2')];
      const answer = await ask('GET', `${api}/api/me`, [
        ...bearer(one.token),
        'Cookie',
        `__Host-Http-coatcheck=${two.token}`,
      ]);
      assert.ok([400, 401].includes(answer.status), `${answer.status}`);
      assert.equal(
        (
          await ask('GET', `${api}/api/me`, [
            ...bearer(one.token),
            'Cookie',
            `__Host-Http-coatcheck=${one.token}`,
          ])
        ).status,
        200,
      );
    });
  });
}

/** Examples that take PORT, COATCHECK_URL and COATCHECK_SERVICE_KEY from the environment. */
const EXAMPLE_APIS = {
  express: [process.execPath, join(EXAMPLES, 'express/server.mjs')],
  fastify: [process.execPath, join(EXAMPLES, 'fastify/server.mjs')],
  'cpp-beast': [join(ROOT, 'build/examples/cpp-beast/api')],
  'cpp-httplib': [join(ROOT, 'build/examples/cpp-httplib')],
};
for (const [name, [command, ...words]] of Object.entries(EXAMPLE_APIS))
  passes(
    `examples/${name}`,
    async (server) => {
      const port = await freePort();
      const key = server.serviceKey(name, 'feed');
      const env = {
        ...process.env,
        PORT: `${port}`,
        COATCHECK_URL: server.url,
        COATCHECK_SERVICE_KEY: key,
        LD_LIBRARY_PATH: join(ROOT, 'build/library/lib'),
      };
      const child = await launch(
        command,
        words,
        { env },
        async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok,
      );
      return { api: `http://localhost:${port}`, stop: () => end(child) };
    },
    {
      takesXToken: true,
      answersInEnvelope: !name.startsWith('cpp-'),
      hasEvents: ['express', 'cpp-beast'].includes(name),
      passesPreflights: !name.startsWith('cpp-'), // they have pages of their own origin only
    },
  );

test('the plugin for Fastify leaves preflights to the routes of its scope', async () => {
  const server = await new Coatcheck().start();
  const verifier = createVerifier({ url: server.url, serviceKey: server.serviceKey('fastify', 'feed') });
  const { default: Fastify } = await import(createRequire(join(EXAMPLES, 'package.json')).resolve('fastify'));
  const app = Fastify();
  try {
    await verifier.ready();
    app.register(async (api) => {
      api.register(coatcheck, { verifier });
      api.options('/api/posts', (_request, reply) => reply.code(204).send());
    });
    const preflight = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
    const status = async (headers) =>
      (await app.inject({ method: 'OPTIONS', url: '/api/posts', headers })).statusCode;
    assert.equal(await status(preflight), 204);
    assert.equal(await status({ origin: preflight.origin }), 401);
    assert.equal(await status({ ...preflight, authorization: 'Bearer junk' }), 401);
  } finally {
    await app.close();
    verifier.close();
    await server.stop();
  }
});

passes('examples/lumen', startLumen, { takesXToken: true });
passes('examples/lumen with RS256', startLumen, { flags: ['--set', 'tokens.algorithm=RS256'] });

test('examples/lumen: where a user is optional, a bad token is refused all the same, and _method hides nothing', async () => {
  const server = await new Coatcheck('--access-ttl', '60s').start();
  server.addUser('ada');
  const { api, stop } = await startLumen(server);
  try {
    const { token } = await server.signInElsewhere('one');
    const hello = async (...headers) => {
      const answer = await ask('GET', `${api}/api/hello`, headers);
      return answer.status === 200 ? answer.json().hello : answer.status;
    };
    assert.equal(await hello(), 'guest');
    assert.equal(await hello(...bearer(token)), 'ada');
    assert.equal(await hello(...bearer(forged(token))), 401);
    const cookie = [
      'Cookie',
      `__Host-Http-coatcheck=${token}`,
      'Content-Type',
      'application/x-www-form-urlencoded',
    ];
    assert.equal(
      (await ask('POST', `${api}/api/me`, [...cookie, 'X-HTTP-Method-Override', 'GET'])).status,
      403,
    );
    assert.equal((await ask('POST', `${api}/api/me`, cookie, '_method=GET')).status, 403);
    await server.crash();
    await until('the limit', async () => (await hello(...bearer(token))) === 503, 8000);
  } finally {
    await stop();
    await server.stop();
  }
});

test('examples/lumen: a crypt token is read by Laravel, and ends with its session', async () => {
  const server = new Coatcheck('--access-ttl', '60s', '--set', 'accept.crypt=true');
  const key = `base64:${randomBytes(32).toString('base64')}`;
  mkdirSync(server.data, { mode: 0o700 });
  writeFileSync(join(server.data, 'crypt-keys'), `${key}\n`, { mode: 0o600 });
  await server.start();
  server.addUser('ada');
  const { api, stop } = await startLumen(server, { COATCHECK_CRYPT_KEY: key });
  const made = (command, word) =>
    spawnSync('php', [join(ROOT, 'tests/support/crypt.php'), 'AES-256-CBC', key], {
      input: `${command} ${word}\n`,
      encoding: 'utf8',
    }).stdout.trim();
  const me = async (...headers) => {
    const answer = await ask('GET', `${api}/older/me`, headers);
    return [answer.status, answer.json()];
  };
  try {
    const form = { username: 'ada', password: PASSWORD, delivery: 'body', token_format: 'crypt' };
    const answer = await fetch(`${server.url}/api/v1/authentication`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(form),
    });
    const { token, user } = await answer.json();
    assert.deepEqual(await me('AccessToken', token), [200, { id: user.id }]);
    assert.equal((await me())[1].code, 'token_missing');
    assert.equal((await me('AccessToken', token.slice(0, -8)))[1].code, 'token_malformed');
    assert.equal((await me('AccessToken', 'e30='))[1].code, 'token_malformed');
    assert.equal(
      (
        await me(
          'AccessToken',
          Buffer.from(Buffer.from(token, 'base64').toString().replace('"mac":"', '"mac":"0')).toString(
            'base64',
          ),
        )
      )[1].code,
      'token_not_ours',
    );
    const { token: other } = await server.signInElsewhere('one');
    assert.deepEqual(await me(...bearer(other)), [200, { id: user.id }], 'or a JWT');
    assert.equal((await me('AccessToken', token, ...bearer(other)))[1].code, 'credential_conflict');
    assert.equal(
      (
        await me(
          'AccessToken',
          token,
          'Cookie',
          `coatcheck=${other}`,
          'Cookie',
          `__Host-Http-coatcheck=${other}`,
        )
      )[1].code,
      'credential_conflict',
    );
    assert.equal(
      (await me('AccessToken', made('snippet', user.id)))[1].code,
      'token_not_ours',
      'what it issued itself has no session',
    );
    const [status, { code, title }] = await me('AccessToken', made('over', user.id));
    assert.deepEqual(
      [status, code, title],
      [403, 'token_expired', 'The token has expired and must be regenerated.'],
    );
    assert.equal(
      (
        await fetch(`${server.url}/api/v1/authentication`, {
          method: 'DELETE',
          headers: { AccessToken: token },
        })
      ).status,
      204,
    );
    assert.ok(
      (await until('signed out', async () => (await me('AccessToken', token))[1].code === 'token_revoked')) <
        1000,
    );
  } finally {
    await stop();
    await server.stop();
  }
});

/** An API that checks nothing and repeats the headers that it got. */
async function trusting(port) {
  const seen = [];
  const server = createServer((asked, answer) => {
    seen.push(asked);
    answer.writeHead(asked.method === 'POST' ? 201 : 200, { 'Content-Type': 'application/json' });
    asked.resume().on('end', () => answer.end(JSON.stringify({ raw: asked.rawHeaders })));
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  return {
    seen,
    stop: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(done);
      }),
  };
}

async function behindProxy(server, source, run) {
  const [port, apiPort] = [await freePort(), await freePort()];
  const directory = mkdtempSync(join(tmpdir(), 'coatcheck-proxy-'));
  const config = join(directory, 'config');
  const text = source
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${server.port}`)
    .replaceAll('127.0.0.1:3003', `127.0.0.1:${apiPort}`)
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${port}`)
    .replaceAll('localhost:3000', `localhost:${port}`);
  writeFileSync(config, text);
  const api = await trusting(apiPort);
  const [command, ...words] = run(config, directory);
  const child = await launch(
    command,
    words,
    { cwd: directory, env: { ...process.env, HOME: directory } },
    async () => (await ask('GET', `http://localhost:${port}/nothing`)).status > 0,
  );
  const stop = async () => {
    await end(child);
    await api.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  return { api: `http://localhost:${port}`, seen: api.seen, stop };
}

const nginx = (server, source) =>
  behindProxy(server, source, (config, directory) => ['/usr/sbin/nginx', '-c', config, '-p', directory]);

/** The code blocks of a document in one language. */
const blocksOf = (file, language) =>
  [...readFileSync(join(ROOT, file), 'utf8').matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter(([, found]) => found === language)
    .map(([, , text]) => text);

/** A whole configuration around a document's locations. Its API is on port 3000; nginx listens on another. */
const around = (locations) => `
  worker_processes 1; pid nginx.pid; error_log stderr warn; daemon off; events {}
  http {
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {
      listen LISTEN;
      ${locations}
    }
  }`;

const PROXIES = {
  'examples/nginx': (server) => nginx(server, readFileSync(join(EXAMPLES, 'nginx/nginx.conf'), 'utf8')),
  'examples/caddy': (server) =>
    behindProxy(server, readFileSync(join(EXAMPLES, 'caddy/Caddyfile'), 'utf8'), (config) => [
      '/usr/bin/caddy',
      'run',
      '--config',
      config,
      '--adapter',
      'caddyfile',
    ]),
};
const documents = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) => blocksOf(name, 'nginx').map((text, index) => [`${name}, nginx ${index + 1}`, text]))
  // The one about resources lets tokens of OAuth clients pass (tests/blackbox/test_oauth_tokens.py).
  .filter(([, text]) => !text.includes('resource='));
for (const [name, text] of documents)
  PROXIES[name] = (server) =>
    nginx(
      server,
      around(text).replaceAll('127.0.0.1:3000', '127.0.0.1:3003').replace('LISTEN', '127.0.0.1:3000'),
    );
test('the README has a configuration of nginx', () => assert.ok('README.md, nginx 1' in PROXIES));

for (const [name, start] of Object.entries(PROXIES)) {
  passes(name, start);

  test(`${name}: no identity that a client made up reaches the API, however it is spelt`, async () => {
    const server = await new Coatcheck('--set', 'trusted_proxies=127.0.0.1').start();
    server.addUser('ada');
    const { api, seen, stop } = await start(server);
    try {
      const { token, user } = await server.signInElsewhere('one');
      const fields = ['User', 'Username', 'Session', 'Roles', 'Scope', 'Expires'];
      const spellings = (field) => [
        `X-Auth-${field}`,
        `x-auth-${field.toLowerCase()}`,
        `X_Auth_${field}`,
        `X-Auth_${field}`,
        `X_Auth-${field}`,
        `x_auth_${field}`,
        `X-AUTH-${field.toUpperCase()}`,
      ];
      const made = fields.flatMap((field) => spellings(field).flatMap((spelt) => [spelt, 'root']));
      // A proxy removes the headers that Connection names, which must not be its own (issue 18, row 8).
      const asHops = ['Connection', fields.map((field) => `X-Auth-${field}`).join(', ')];
      for (const connection of [[], asHops, ['Connection', 'close, x-auth-user']]) {
        const answer = await ask('GET', `${api}/api/me`, [
          ...bearer(token),
          ...made,
          ...connection,
          'Cookie',
          'other=1',
        ]);
        assert.equal(answer.status, 200, answer.text);
        const { raw } = answer.json();
        const got = raw.map((value, index) => [value, raw[index + 1]]).filter((_, index) => index % 2 === 0);
        // CGI and PHP see one name for all spellings of a header.
        const folded = got.map(([header, value]) => [header.toLowerCase().replaceAll('_', '-'), value]);
        assert.deepEqual(
          folded.filter(([, value]) => value === 'root'),
          [],
        );
        assert.deepEqual(
          folded.filter(([header]) => header === 'x-auth-user'),
          [['x-auth-user', user.id]],
        );
        if (name.startsWith('examples/'))
          assert.deepEqual(
            folded
              .filter(([header]) => header === 'authorization' || header === 'cookie')
              .filter(([, value]) => value),
            [],
          );
      }
      const count = seen.length;
      assert.equal((await ask('GET', `${api}/api/me`, [...bearer(forged(token)), ...made])).status, 401);
      assert.equal(seen.length, count, 'a refused request never gets there');
      await server.crash();
      const without = await ask('GET', `${api}/api/me`, bearer(token));
      assert.ok(without.status >= 400, `without Coatcheck nobody gets in: ${without.status}`);
      assert.equal(seen.length, count);
    } finally {
      await stop();
      await server.stop();
    }
  });
}

/** A program that answers each line with a line. Lines that it prints unasked, `ended …`, go to `unasked`. */
function lines(command, ...words) {
  const child = spawn(command, words, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, LD_LIBRARY_PATH: join(ROOT, 'build/library/lib') },
  });
  const unasked = [];
  const waiting = [];
  createInterface({ input: child.stdout }).on('line', (line) =>
    line.startsWith('ended ') ? unasked.push(line) : waiting.shift()?.(line.trim()),
  );
  const check = (line) =>
    new Promise((done) => {
      waiting.push(done);
      child.stdin.write(`${line}\n`);
    });
  // Ends its input and gives its exit status, or the signal that was needed after five seconds.
  const finish = () =>
    new Promise((done) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      child.once('exit', (status, signal) => {
        clearTimeout(timer);
        done(status ?? signal);
      });
      child.stdin.end();
    });
  return { check, unasked, finish, stop: () => end(child) };
}

const PROGRAMS = {
  'PHP, with the cache of a host between its requests': (server, directory, key, ...more) =>
    lines(
      'php',
      join(ROOT, 'sdk/php/test/check.php'),
      server.url,
      key,
      join(directory, `cache${more.length}`),
      ...more,
    ),
  'C, over the library': (server, _directory, key, ...more) =>
    lines(join(ROOT, 'build/examples/check'), server.url, key, ...more),
};
for (const [name, start] of Object.entries(PROGRAMS))
  test(`a verifier in ${name}`, async () => {
    const server = await new Coatcheck('--access-ttl', '60s').start();
    server.addUser('ada');
    const directory = mkdtempSync(join(tmpdir(), 'coatcheck-verifier-'));
    const [strict, lenient] = [
      start(server, directory, server.serviceKey('strict', 'feed')),
      start(server, directory, server.serviceKey('lenient', 'feed'), 'accept'),
    ];
    try {
      const [one, two] = [await server.signInElsewhere('1'), await server.signInElsewhere('2')];
      for (const { check } of [strict, lenient]) {
        await until('it is ready', async () => (await check(one.token)) === 'ok ada');
        assert.equal(await check(forged(one.token)), 'token_not_ours');
        assert.equal(await check('junk'), 'token_malformed');
      }
      await server.signOut(one.token);
      for (const { check } of [strict, lenient])
        assert.ok(
          (await until('signed out', async () => (await check(one.token)) === 'token_revoked')) < 1000,
        );
      server.command(['user', 'set', 'ada', '--role', 'editor']);
      await until('stale', async () => (await strict.check(two.token)) === 'token_stale', 1000);
      const three = await server.signInElsewhere('3');
      assert.equal(await strict.check(three.token), 'ok ada');
      assert.equal(await lenient.check(three.token), 'ok ada');
      const { kid } = JSON.parse(Buffer.from(three.token.split('.')[0], 'base64url'));
      server.command(['key', 'revoke', kid]);
      await until(
        'the key is dropped',
        async () => (await strict.check(three.token)) === 'token_not_ours',
        1000,
      );
      const between = await server.signInElsewhere('between');
      for (const { check } of [strict, lenient])
        await until('the key that came instead', async () => (await check(between.token)) === 'ok ada', 8000);
      const ended = await server.signInElsewhere('ended');
      await server.signOut(ended.token);
      await until('signed out', async () => (await lenient.check(ended.token)) === 'token_revoked', 1000);
      await server.crash();
      await until('the limit', async () => (await strict.check(between.token)) === 'unavailable');
      assert.equal(await lenient.check(ended.token), 'token_revoked', 'what was known stays known');
      await server.start();
      await until('it is back', async () => (await strict.check(one.token)) === 'token_not_ours', 5000);
      server.command(['key', 'rotate']);
      server.command(['key', 'rotate']);
      const four = await server.signInElsewhere('4');
      await until('the new key', async () => (await strict.check(four.token)) === 'ok ada', 8000);
      assert.equal(await strict.check(between.token), 'ok ada', 'nobody is signed out by a rotation');
    } finally {
      await strict.stop();
      await lenient.stop();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  });

test('encrypted tokens in Node.js, PHP and C, and no others', async () => {
  const keys = [0, 1].map(() => `base64:${randomBytes(32).toString('base64')}`);
  const server = new Coatcheck('--access-ttl', '60s', '--set', 'tokens.format=jwe');
  mkdirSync(server.data, { mode: 0o700 });
  writeFileSync(join(server.data, 'token-keys'), keys.map((key) => `${key}\n`).join(''), { mode: 0o600 });
  await server.start();
  server.addUser('ada');
  const node = createVerifier({
    url: server.url,
    serviceKey: server.serviceKey('node', 'feed'),
    encryptionKeys: keys,
  });
  const lumen = await startLumen(server, { COATCHECK_ENCRYPTION_KEYS: keys.join(', ') });
  process.env.COATCHECK_ENCRYPTION_KEY = keys[0];
  const c = lines(join(ROOT, 'build/examples/check'), server.url, server.serviceKey('c', 'feed'));
  delete process.env.COATCHECK_ENCRYPTION_KEY;
  const ways = {
    node: async (token) => {
      const verdict = await node.check(token);
      return verdict.ok ? 'ok ada' : verdict.code;
    },
    php: async (token) => {
      const { status, json } = await ask('GET', `${lumen.api}/api/me`, bearer(token)).then((answer) => ({
        status: answer.status,
        json: answer.json(),
      }));
      return status === 200 ? `ok ${json.username}` : json.code;
    },
    c: (token) => c.check(token),
  };
  try {
    await node.ready();
    assert.equal(await c.check('wait'), 'ready');
    const [one, two] = [await server.signInElsewhere('1'), await server.signInElsewhere('2')];
    assert.equal(one.token.split('.').length, 5);
    const parts = one.token.split('.');
    const broken = [...parts.slice(0, 4), `${parts[4][0] === 'A' ? 'B' : 'A'}${parts[4].slice(1)}`].join('.');
    const cipher = createDecipheriv(
      'aes-256-gcm',
      Buffer.from(keys[0].slice(7), 'base64'),
      Buffer.from(parts[2], 'base64url'),
    )
      .setAAD(Buffer.from(parts[0]))
      .setAuthTag(Buffer.from(parts[4], 'base64url'));
    const inner = `${cipher.update(Buffer.from(parts[3], 'base64url'))}${cipher.final()}`;
    for (const [name, check] of Object.entries(ways)) {
      assert.equal(await check(one.token), 'ok ada', name);
      assert.equal(await check(broken), 'token_not_ours', name);
      assert.equal(await check(inner), 'token_not_ours', name);
    }
    await server.signOut(one.token);
    for (const [name, check] of Object.entries(ways)) {
      assert.ok(
        (await until(`${name} heard`, async () => (await check(one.token)) === 'token_revoked')) < 1000,
      );
      assert.equal(await check(two.token), 'ok ada', name);
    }
  } finally {
    node.close();
    await c.stop();
    await lumen.stop();
    await server.stop();
  }
});

test('a verifier in C: what ends is told once, and not to those who forgot', async () => {
  const server = await new Coatcheck('--access-ttl', '60s').start();
  server.addUser('ada');
  const { check, unasked, stop } = lines(
    join(ROOT, 'build/examples/check'),
    server.url,
    server.serviceKey('c', 'feed'),
  );
  try {
    const [one, two] = [await server.signInElsewhere('1'), await server.signInElsewhere('2')];
    assert.equal(await check('wait'), 'ready');
    const numbers = [];
    for (const { token } of [one, one, two])
      numbers.push((await check(`watch ${token}`)).replace('watching ', ''));
    assert.equal(new Set(numbers).size, 3);
    assert.equal(await check(`forget ${numbers[1]}`), 'forgotten');
    await server.signOut(one.token);
    await until('it heard', () => unasked.length > 0, 1000);
    server.command(['user', 'disable', 'ada']);
    await until('the second', () => unasked.length > 1, 1000);
    assert.deepEqual(unasked, ['ended 0 token_revoked', 'ended 2 token_revoked']);
    assert.equal(await check(`watch ${two.token}`), 'token_revoked');
    assert.equal(await check('feed'), 'following');
  } finally {
    await stop();
    await server.stop();
  }
});

test('a verifier in C after a fork, and for callers who make mistakes', async () => {
  // Row 43 of the issue "Promises that hold": a child believed a token for seconds after its sign-out, and
  // could not exit; programs that it started inherited the sockets; a null pointer ended the process.
  const server = await new Coatcheck('--access-ttl', '60s').start();
  server.addUser('ada');
  const start = (...more) =>
    lines(
      join(ROOT, 'build/examples/check'),
      server.url,
      server.serviceKey(`c${more.length}`, 'feed'),
      ...more,
    );
  const [strict, lenient] = [start(), start('accept')];
  try {
    for (const { check, finish } of [strict, lenient]) {
      const [one, two] = [await server.signInElsewhere('1'), await server.signInElsewhere('2')];
      assert.equal(await check('wait'), 'ready');
      assert.equal(await check('mistakes'), 'told');
      assert.equal(await check('inherited'), '0');
      assert.equal(await check(one.token), 'ok ada');
      assert.equal(await check('fork exit'), 'exited');
      assert.equal(await check(one.token), 'ok ada', 'the parent goes on');
      assert.equal(await check('fork'), 'forked');
      await server.signOut(one.token);
      const verdict = await check(one.token);
      assert.ok(['unavailable', 'token_revoked'].includes(verdict), verdict);
      assert.equal(await check('wait'), 'ready');
      assert.equal(await check(one.token), 'token_revoked');
      assert.equal(await check(two.token), 'ok ada');
      await server.signOut(two.token);
      await until('it follows the feed', async () => (await check(two.token)) === 'token_revoked', 1000);
      assert.equal(await finish(), 0, 'the child exits, and then its parent');
    }
  } finally {
    for (const { stop } of [strict, lenient]) await stop();
    await server.stop();
  }
});

test('a verifier in C speaks TLS to the server, and to nobody who only says so', async () => {
  const server = await new Coatcheck('--access-ttl', '60s').start();
  server.addUser('ada');
  const directory = mkdtempSync(join(tmpdir(), 'coatcheck-tls-'));
  const made = spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=test',
    '-addext',
    'subjectAltName=DNS:localhost',
    '-keyout',
    join(directory, 'key.pem'),
    '-out',
    join(directory, 'cert.pem'),
  ]);
  assert.equal(made.status, 0, `${made.stderr}`);
  const proxy = createTlsServer(
    { key: readFileSync(join(directory, 'key.pem')), cert: readFileSync(join(directory, 'cert.pem')) },
    (client) => {
      const onward = connect(server.port, '127.0.0.1');
      client.pipe(onward).pipe(client);
      for (const socket of [client, onward])
        socket.on('error', () => {
          client.destroy();
          onward.destroy();
        });
    },
  );
  proxy.on('tlsClientError', () => {});
  const port = await freePort();
  await new Promise((done) => proxy.listen(port, '127.0.0.1', done));
  const key = server.serviceKey('c', 'feed');
  const open = [];
  const verifierAt = (host, ...more) => {
    open.push(lines(join(ROOT, 'build/examples/check'), `https://${host}:${port}`, key, 'refuse', ...more));
    return open.at(-1);
  };
  try {
    assert.equal(await verifierAt('localhost', join(directory, 'cert.pem')).check('wait'), 'ready');
    assert.equal(
      await verifierAt('127.0.0.1', join(directory, 'cert.pem')).check('wait'),
      'not ready',
      'the certificate is not for this name',
    );
    assert.equal(await verifierAt('localhost').check('wait'), 'not ready', 'nobody vouches for it');
  } finally {
    for (const { stop } of open) await stop();
    await new Promise((done) => proxy.close(done));
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});
