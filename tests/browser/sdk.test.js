// SPDX-License-Identifier: Apache-2.0
// The SDK in a real browser against a real server: what it keeps, what it sends and to whom, and that no user
// is signed out without asking for it. The pages are blank (pages/blank.html) and load the server's classic
// script.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { end, freePort, launchBrowser, PASSWORD, startApi, startExample, WAIT } from './support.js';

const PAGES = '../tests/browser/pages';
const LIFE = 3; // seconds that an access token lives
const GRACE = 1;
const STORAGES = ['memory', 'cookie', 'localStorage', 'sessionStorage', 'scriptCookie'];
const SHARED = STORAGES.filter((storage) => storage !== 'sessionStorage');

let browser;
let example;
let url;
let origin;

before(async () => {
  browser = await launchBrowser();
  example = await startExample(
    PAGES,
    '--access-ttl',
    `${LIFE}s`,
    '--set',
    `sessions.refresh_grace=${GRACE}s`,
  );
  example.coatcheck.addUser('bob');
  ({
    origin,
    coatcheck: { url },
  } = example);
});
after(async () => {
  await browser?.close();
  await example?.stop();
});

/** A fresh browser context. `tab()` opens a page with a client `auth`. Errors on its pages fail the test. */
async function visit(work, options = {}) {
  const context = await browser.newContext();
  context.setDefaultTimeout(WAIT);
  const broken = [];
  const at = options.origin ?? origin;
  if (options.init) await context.addInitScript(options.init);
  const load = async (page, settings, address = '/blank') => {
    await page.goto(at + address);
    await page.addScriptTag({ url: `${options.url ?? url}/sdk/coatcheck.global.js` });
    await page.evaluate(
      (given) => {
        window.required = [];
        window.discarded = [];
        window.auth = Coatcheck.createClient({
          onSignInRequired: (returnTo) => window.required.push(returnTo),
          onDiscarded: (discarded) => window.discarded.push(discarded),
          ...given,
        });
      },
      { url, ...settings },
    );
    return page;
  };
  const tab = async (settings = {}, address) => {
    const page = await context.newPage();
    page.on('pageerror', (error) => broken.push(String(error)));
    return load(page, settings, address);
  };
  try {
    await work({ context, tab, load });
    assert.deepEqual(broken, []);
  } finally {
    await context.close();
  }
}

const signIn = (page, username = 'ada') =>
  page.evaluate(([u, p]) => auth.signIn({ username: u, password: p }), [username, PASSWORD]);
const ready = (page) => page.evaluate(() => auth.ready());
const session = (page) => page.evaluate(() => auth.session);
const posts = (page) => page.evaluate(() => auth.fetch('/api/posts').then((answer) => answer.status));
const fails = (page, act) =>
  page.evaluate(async (text) => {
    try {
      await eval(text); // eslint-disable-line no-eval
    } catch (error) {
      return {
        name: error.name,
        code: error.code,
        status: error.status,
        isOurs: error instanceof Coatcheck.CoatcheckError,
      };
    }
    return undefined;
  }, act);
/**
 * Waits until every token has expired. The given pages are hidden meanwhile, so that they do not refresh on
 * their own.
 */
async function expire(...pages) {
  const seen = (yes) =>
    Promise.all(
      pages.map((page) =>
        page.evaluate(
          (y) => Object.defineProperty(document, 'hidden', { configurable: true, get: () => !y }),
          yes,
        ),
      ),
    );
  await seen(false);
  await sleep(LIFE * 1000 + 300);
  await seen(true);
}
/** Collects the refreshes that a context sends. */
function refreshes(context) {
  const seen = [];
  context.on('request', (request) => {
    if (request.url().endsWith('/refresh') && request.method() === 'POST') seen.push(request);
  });
  return seen;
}

describe('keeping the session', () => {
  for (const storage of STORAGES) {
    test(`${storage}: found again on load, kept through expiry, over after sign-out`, () =>
      visit(async ({ tab, load }) => {
        const page = await tab({ storage });
        assert.equal((await ready(page)).status, 'signed-out');
        assert.equal((await signIn(page)).username, 'ada');
        assert.equal((await session(page)).user.username, 'ada');
        assert.equal(await posts(page), 200);
        await load(page, { storage });
        assert.equal((await ready(page)).status, 'signed-in');
        await expire();
        assert.equal(await posts(page), 200);
        await expire();
        await load(page, { storage }); // only the refresh token is still valid
        assert.equal((await ready(page)).status, 'signed-in');
        assert.equal(await posts(page), 200);
        assert.equal(
          (await page.evaluate(() => auth.sessions.list())).filter(({ current }) => current).length,
          1,
        );
        await page.evaluate(() => auth.signOut());
        assert.equal((await session(page)).status, 'signed-out');
        assert.equal(await posts(page), 401);
        assert.deepEqual(await page.evaluate(() => window.required), ['/blank']);
        await load(page, { storage });
        assert.equal((await ready(page)).status, 'signed-out');
      }));
  }

  test('what is found in storage and is not ours is cleared, told, and thrown at nobody', () =>
    visit(async ({ tab, load }) => {
      const page = await tab({ storage: 'localStorage' });
      const key = await page.evaluate(
        async ([u, p]) => {
          await auth.signIn({ username: u, password: p });
          return Object.keys(localStorage)[0];
        },
        ['ada', PASSWORD],
      );
      const good = await page.evaluate((name) => localStorage.getItem(name), key);
      const kept = JSON.parse(good);
      const part = (claims) => Buffer.from(JSON.stringify(claims)).toString('base64url');
      const claims = JSON.parse(Buffer.from(kept.token.split('.')[1], 'base64url'));
      const withClaims = (changed) => ({
        ...kept,
        token: kept.token.replace(/\.[^.]+\./, `.${part({ ...claims, ...changed })}.`),
      });
      const corrupt = [
        '',
        '{',
        'null',
        '[]',
        '7',
        '"text"',
        '{}',
        good.slice(0, -9),
        `${good} `.repeat(60),
        ...[
          { ...kept, token: 'a.b.c' },
          { ...kept, token: 7 },
          { ...kept, user: null },
          { ...kept, refresh: 'x.y' },
          { ...kept, refresh: 5 },
          { ...kept, expiresAt: 'soon' },
          { ...kept, until: null, dueAt: {} },
          withClaims({ sub: 'somebody' }),
          withClaims({ exp: undefined }),
          { ...kept, refresh: undefined, expiresAt: 1 },
        ].map((found) => JSON.stringify(found)),
      ];
      const cases = [
        ...corrupt.map((text) => [text, 'corrupt']),
        [JSON.stringify(withClaims({ iss: 'https://evil.example' })), 'foreign'],
      ];
      // Slow, so that the page is shown and sees the network before it knows whose tokens these are.
      await page.route('**/.well-known/oauth-authorization-server', async (route) => {
        await sleep(100);
        await route.continue();
      });
      for (const [text, reason] of cases) {
        await page.evaluate(([name, value]) => localStorage.setItem(name, value), [key, text]);
        await load(page, { storage: 'localStorage' });
        await page.evaluate(() => dispatchEvent(new Event('online')));
        assert.equal((await ready(page)).status, 'signed-out', text.slice(0, 80));
        assert.deepEqual(await page.evaluate(() => window.discarded), [{ key, reason }], text.slice(0, 80));
        assert.equal(await page.evaluate((name) => localStorage.getItem(name), key), null);
      }
      await page.evaluate(([name, value]) => localStorage.setItem(name, value), [key, good]);
      await load(page, { storage: 'localStorage' });
      assert.equal((await ready(page)).status, 'signed-in', 'and what is ours is taken');
      await page.unroute('**/.well-known/oauth-authorization-server');
      await page.route('**/.well-known/oauth-authorization-server', (route) =>
        route.fulfill({ json: { portal: 'please accept our terms' } }),
      );
      await load(page, { storage: 'localStorage' });
      assert.equal(
        (await ready(page)).status,
        'signed-in',
        "an answer that is not the server's says nothing",
      );
      for (const cookie of ['%', '%7B', 'x'.repeat(3000), encodeURIComponent('{"token":1}')]) {
        await page.evaluate(
          ([name, value]) => {
            document.cookie = `${name}=${value}; path=/`;
          },
          [key, cookie],
        );
        await load(page, { storage: 'scriptCookie' });
        assert.equal((await ready(page)).status, 'signed-out');
        assert.deepEqual(await page.evaluate(() => [window.discarded.length, document.cookie]), [1, '']);
      }
    }));

  test("where storage is switched off, the page's memory has to do", () =>
    visit(
      async ({ tab }) => {
        const page = await tab({ storage: 'localStorage' });
        await signIn(page);
        assert.equal(await posts(page), 200);
        await expire();
        assert.equal(await posts(page), 200);
      },
      {
        init: () =>
          Object.defineProperty(window, 'localStorage', {
            get() {
              throw new DOMException('no', 'SecurityError');
            },
          }),
      },
    ));

  test('where a write fails, no token that was used up stays behind', () =>
    visit(async ({ tab }) => {
      const page = await tab({ storage: 'localStorage' });
      await signIn(page);
      await page.evaluate(() => {
        Storage.prototype.setItem = () => {
          throw new DOMException('full', 'QuotaExceededError');
        };
      });
      await expire();
      assert.equal(await posts(page), 200);
      assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), []);
      await expire();
      assert.equal(await posts(page), 200, 'the page itself goes on');
    }));

  test('cookie: pages that send nothing but images and downloads stay signed in', () =>
    visit(async ({ tab }) => {
      const page = await tab({ storage: 'cookie' });
      await signIn(page);
      for (let i = 0; i < 2; i += 1) {
        await expire();
        assert.equal(
          await page.evaluate(() => fetch('/api/posts').then(({ status }) => status)),
          200,
          'by the cookie alone',
        );
      }
      await page.evaluate(() => auth.signOut());
      await expire();
      assert.equal(await page.evaluate(() => fetch('/api/posts').then(({ status }) => status)), 401);
    }));

  test('what an older client left is taken over once, and cleaned up', () =>
    visit(async ({ tab, load }) => {
      const { token, refresh_token: refreshToken, user } = await example.coatcheck.signInElsewhere('older');
      const page = await tab({ storage: 'localStorage' });
      await ready(page);
      const left = (text) => page.evaluate((value) => localStorage.setItem('app-token', value), text);
      const adopt = { localStorage: 'app-token' };
      for (const text of [token, JSON.stringify(token), JSON.stringify({ token })]) {
        await left(text);
        await load(page, { storage: 'localStorage', adopt, key: `k${text.length}` });
        assert.equal((await ready(page)).user?.id, user.id);
        assert.equal(await page.evaluate(() => localStorage.getItem('app-token')), null);
        assert.equal(await posts(page), 200);
      }
      await left(JSON.stringify({ token, refresh_token: refreshToken }));
      await load(page, { storage: 'localStorage', adopt, key: 'whole' });
      assert.equal((await ready(page)).status, 'signed-in');
      await expire();
      assert.equal(await posts(page), 200, 'with its refresh token it goes on');

      await page.evaluate(
        (value) => {
          document.cookie = `Token=${encodeURIComponent(value)}; path=/`;
        },
        JSON.stringify({ Token: (await example.coatcheck.signInElsewhere('cookie')).token, UserId: user.id }),
      );
      await load(page, { storage: 'sessionStorage', adopt: { cookie: 'Token' } });
      assert.equal((await ready(page)).status, 'signed-in');
      assert.equal(await page.evaluate(() => document.cookie), '');

      // By now the token has expired. An invalid refresh token must not block the adoption on every load.
      const odd = [5, 'x', 'ccr_junk'].map((refreshOdd) => [
        JSON.stringify({ token, refresh_token: refreshOdd }),
        'refused',
      ]);
      for (const [text, reason] of [['nonsense', 'corrupt'], [token, 'refused'], ...odd]) {
        await left(text);
        await load(page, { storage: 'localStorage', adopt, key: 'other' });
        assert.equal((await ready(page)).status, 'signed-out');
        assert.deepEqual(await page.evaluate(() => window.discarded), [{ key: 'app-token', reason }]);
      }
    }));
});

describe('tabs', () => {
  for (const storage of SHARED) {
    test(`${storage}: another tab learns of sign-in, user change and sign-out within 100 ms`, () =>
      visit(async ({ tab }) => {
        const [one, other] = [await tab({ storage }), await tab({ storage })];
        await ready(one);
        await ready(other);
        const heard = (what) =>
          other.evaluate(
            (wanted) =>
              new Promise((done) => {
                const stop = auth.subscribe((now) => {
                  if ((now.user?.username ?? now.status) !== wanted) return;
                  setTimeout(() => stop());
                  done(performance.timeOrigin + performance.now());
                });
              }),
            what,
          );
        const told = (act, ...given) =>
          one.evaluate(
            async ([text, args]) => {
              await eval(text)(...args); // eslint-disable-line no-eval
              return performance.timeOrigin + performance.now();
            },
            [act, given],
          );
        const enter = '(username, password) => auth.signIn({ username, password })';
        for (const [act, wanted, ...given] of [
          [enter, 'ada', 'ada', PASSWORD],
          [enter, 'bob', 'bob', PASSWORD],
          ['() => auth.signOut()', 'signed-out'],
        ]) {
          const listening = heard(wanted);
          const done = await told(act, ...given);
          assert.ok((await listening) - done < 100, `${wanted}: ${(await listening) - done} ms`);
          assert.equal(await posts(other), wanted === 'signed-out' ? 401 : 200);
        }
      }));
  }

  test('sessionStorage: of a tab that was duplicated, neither is signed out', () =>
    visit(async ({ context, tab, load }) => {
      const page = await tab({ storage: 'sessionStorage' });
      await signIn(page);
      const [copy] = await Promise.all([
        context.waitForEvent('page'),
        page.evaluate(() => void window.open('/blank')),
      ]);
      await copy.waitForLoadState();
      await load(copy, { storage: 'sessionStorage' });
      assert.equal((await ready(copy)).status, 'signed-in');
      for (const turn of [page, copy, page, copy]) {
        await expire();
        assert.equal(await posts(turn), 200);
      }
      await page.evaluate(() => auth.signOut());
      await copy.waitForFunction(() => auth.session.status === 'signed-out');
    }));

  for (const storage of ['memory', 'localStorage', 'cookie']) {
    test(`${storage}: eight tabs that wake together stay signed in, with one refresh each at most`, () =>
      visit(async ({ context, tab }) => {
        const tabs = [];
        for (let i = 0; i < 8; i += 1) tabs.push(await tab({ storage }));
        await signIn(tabs[0]);
        await Promise.all(
          tabs.map((page) => page.waitForFunction(() => auth.session.status === 'signed-in')),
        );
        await expire(...tabs);
        const seen = refreshes(context);
        const answers = await Promise.all(
          tabs.map((page) =>
            page.evaluate(() =>
              Promise.all([1, 2, 3, 4].map(() => auth.fetch('/api/posts').then(({ status }) => status))),
            ),
          ),
        );
        assert.deepEqual(
          answers,
          tabs.map(() => [200, 200, 200, 200]),
        );
        assert.ok(seen.length >= 1 && seen.length <= 8, `${seen.length} refreshes`);
      }));
  }

  test('an answer on which a tab slept does not replace a newer one', () =>
    visit(async ({ tab }) => {
      const [quick, slow] = [await tab({ storage: 'localStorage' }), await tab({ storage: 'localStorage' })];
      await signIn(quick);
      await slow.waitForFunction(() => auth.session.status === 'signed-in');
      await expire();
      let wake;
      const asleep = new Promise((done) => {
        wake = done;
      });
      await slow.route(
        '**/authentication/refresh',
        async (route) => {
          const answer = await route.fetch();
          await asleep;
          await route.fulfill({ response: answer });
        },
        { times: 1 },
      );
      const waiting = posts(slow);
      await sleep(200);
      for (let i = 0; i < 2; i += 1) {
        assert.equal(await posts(quick), 200);
        await expire();
      }
      const newest = await quick.evaluate(() => Object.values(localStorage)[0]);
      wake();
      assert.equal(await waiting, 200);
      assert.notEqual(newest, undefined);
      for (const page of [slow, quick, slow]) {
        assert.equal(await posts(page), 200);
        await expire();
      }
      assert.equal((await session(quick)).status, 'signed-in');
    }));

  test('out of the back/forward cache, what happened meanwhile is known', async () => {
    const own = await launchBrowser({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
    const before = browser;
    browser = own;
    try {
      for (const storage of ['memory', 'localStorage', 'cookie']) {
        await visit(async ({ tab }) => {
          const [page, other] = [await tab({ storage }), await tab({ storage })];
          await signIn(other);
          await page.waitForFunction(() => auth.session.status === 'signed-in');
          await page.evaluate(() =>
            addEventListener('pageshow', (event) => {
              window.persisted = event.persisted;
            }),
          );
          await page.goto(`${url}/healthz`);
          await other.evaluate(() => auth.signOut());
          await page.goBack();
          // Chromium may drop a page that a script has talked to. Then the load finds out, as on any page.
          if (await page.evaluate(() => window.persisted === true))
            await page.waitForFunction(() => auth.session.status === 'signed-out');
        });
      }
    } finally {
      browser = before;
      await own.close();
    }
  });
});

describe('refresh', () => {
  test('many calls that need it share one', () =>
    visit(async ({ context, tab }) => {
      const page = await tab();
      await signIn(page);
      await expire();
      const seen = refreshes(context);
      assert.deepEqual(
        await page.evaluate(() =>
          Promise.all(
            Array.from({ length: 20 }, () => auth.fetch('/api/posts').then(({ status }) => status)),
          ),
        ),
        Array(20).fill(200),
      );
      assert.equal(seen.length, 1);
    }));

  for (const storage of ['memory', 'localStorage', 'cookie']) {
    test(`${storage}: nothing but a "no" to the refresh ends the session`, () =>
      visit(async ({ context, tab }) => {
        const page = await tab({ storage });
        await signIn(page);
        await expire(page);
        const answers = [
          (route) => route.abort(),
          (route) => route.fulfill({ status: 503, body: 'no' }),
          (route) => route.fulfill({ status: 500 }),
          (route) => route.fulfill({ status: 429, headers: { 'Retry-After': '1' }, body: '{}' }),
          (route) => route.fulfill({ status: 403, body: '{}' }),
          (route) => route.fulfill({ status: 200, body: 'a captive portal', contentType: 'text/html' }),
          ...['{}', 'null', '[]', '7', '{"user":{},"session":{}}'].map(
            (body) => (route) => route.fulfill({ status: 200, body, contentType: 'application/json' }),
          ),
        ];
        for (const answer of answers) {
          await context.route('**/authentication/refresh', answer);
          const failed = await fails(page, 'auth.fetch("/api/posts")');
          assert.ok(failed?.isOurs, JSON.stringify(failed));
          assert.equal((await session(page)).status, 'signed-in', JSON.stringify(failed));
          await context.unroute('**/authentication/refresh');
        }
        assert.equal(await posts(page), 200);
        example.coatcheck.command(['session', 'end', '--user', 'ada']);
        assert.equal(await posts(page), 401);
        const over = await session(page);
        assert.equal(over.status, 'signed-out');
        assert.ok(over.reason, 'and it tells why');
        assert.deepEqual(await page.evaluate(() => window.required), ['/blank']);
      }));

    test(`${storage}: an answer that is lost is asked for again`, () =>
      visit(async ({ tab }) => {
        const { link } = example.coatcheck;
        const page = await tab({ storage });
        await signIn(page);
        for (let i = 0; i < 3; i += 1) {
          await expire(page);
          link.loses = ({ method, url: path }) => {
            if (method !== 'POST' || !path.endsWith('/refresh')) return false;
            link.loses = () => false;
            return 'answer';
          };
          const first = await page.evaluate(() =>
            auth.fetch('/api/posts').then(
              ({ status }) => status,
              ({ code }) => code,
            ),
          );
          assert.equal(first, 'network_error');
          assert.equal(await posts(page), 200);
        }
      }));

    for (const hours of [-1, 1]) {
      test(`${storage}: a clock that is wrong by ${hours} h harms nothing`, () =>
        visit(
          async ({ context, tab, load }) => {
            const page = await tab({ storage });
            await signIn(page);
            const seen = refreshes(context);
            assert.equal(await posts(page), 200);
            assert.equal(seen.length, 0, 'a fresh token is taken for fresh');
            await expire();
            assert.equal(await posts(page), 200);
            await load(page, { storage });
            assert.equal((await ready(page)).status, 'signed-in');
            assert.equal(await posts(page), 200);
          },
          { init: `{ const now = Date.now; Date.now = () => now() + ${hours} * 3600e3; }` },
        ));
    }

    test(`${storage}: a clock that is set right meanwhile harms nothing`, () =>
      visit(
        async ({ tab }) => {
          const page = await tab({ storage });
          for (const hours of [3, -3]) {
            await page.evaluate(() => {
              window.wrong = 0;
            });
            await signIn(page);
            await page.evaluate((h) => {
              window.wrong = h * 3600e3;
            }, hours);
            await expire();
            assert.equal(await posts(page), 200);
            assert.equal(await posts(page), 200);
          }
        },
        { init: '{ const now = Date.now; window.wrong = 0; Date.now = () => now() + window.wrong; }' },
      ));
  }

  test('new roles reach the page at once, and nobody is signed out', () =>
    visit(async ({ tab }) => {
      const page = await tab();
      await signIn(page, 'bob');
      example.coatcheck.command(['user', 'set', 'bob', '--role', 'editor']);
      assert.equal(await posts(page), 200);
      assert.deepEqual((await session(page)).user.roles, ['editor']);
    }));

  test('a page that was offline at its start finds the session when the network is back', () =>
    visit(async ({ context, tab, load }) => {
      for (const storage of ['memory', 'cookie', 'localStorage']) {
        const page = await tab({ storage });
        await signIn(page);
        await context.route(`${url}/**`, (route) =>
          route.request().url().includes('/sdk/') ? route.continue() : route.abort(),
        );
        await load(page, { storage });
        if (storage === 'localStorage')
          assert.equal(
            (await ready(page)).status,
            'signed-in',
            'what is kept counts until the server says no',
          );
        else {
          assert.equal((await fails(page, 'auth.ready()')).code, 'network_error');
          assert.equal((await session(page)).status, 'unknown');
        }
        await context.unroute(`${url}/**`);
        await page.evaluate(() => dispatchEvent(new Event('online')));
        await page.waitForFunction(() => auth.session.status === 'signed-in');
      }
    }));
});

describe('sending', () => {
  /** Starts a server of another origin that records every request. */
  async function elsewhere(work) {
    const seen = [];
    const server = createServer((request, response) => {
      seen.push({ url: request.url, method: request.method, ...request.headers });
      response
        .writeHead(request.url.startsWith('/to/') ? 302 : 200, {
          'Access-Control-Allow-Origin': request.headers.origin ?? '*',
          'Access-Control-Allow-Credentials': 'true',
          'Access-Control-Allow-Headers': 'Authorization, X-Coatcheck, Content-Type',
          'Access-Control-Allow-Methods': '*',
          ...(request.url.startsWith('/to/') && { Location: decodeURIComponent(request.url.slice(4)) }),
        })
        .end('{}');
    });
    const port = await freePort();
    await new Promise((done) => server.listen(port, '127.0.0.1', done));
    try {
      return await work(`http://localhost:${port}`, seen);
    } finally {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  }

  test('memory: the token does not follow a base address that changes (issue 18, row 44)', () =>
    elsewhere((other, atOther) =>
      visit(async ({ tab }) => {
        const page = await tab({ storage: 'memory' });
        await signIn(page);
        await page.evaluate(async (elsewhere) => {
          auth.attach({ fetch: true, xhr: true });
          const base = Object.assign(document.createElement('base'), { href: elsewhere });
          // The browser resolves an address at open(), when it still leads elsewhere.
          const xhr = new XMLHttpRequest();
          document.head.append(base);
          xhr.open('GET', '/by-xhr');
          base.remove();
          await new Promise((done) => {
            xhr.onloadend = done;
            xhr.send();
          });
          // The address is of this origin, until the client has found out that the token is fresh.
          const answer = auth.fetch('/by-fetch').catch(() => {});
          document.head.append(base);
          await answer;
          base.remove();
        }, `${other}/`);
        assert.deepEqual(
          atOther.map(({ url, authorization }) => [url, authorization]),
          [['/by-xhr', undefined]],
        );
      }),
    ));

  for (const storage of ['memory', 'localStorage']) {
    test(`${storage}: the token goes to the listed origins alone, by fetch and by XMLHttpRequest, redirects included`, () =>
      elsewhere((listed, atListed) =>
        elsewhere((other, atOther) =>
          visit(async ({ tab }) => {
            const page = await tab({ storage });
            await signIn(page);
            await page.evaluate((to) => {
              window.detach = auth.attach({ fetch: true, xhr: true, to: [to] });
            }, listed);
            const ways = {
              'auth.fetch': (address) =>
                page.evaluate(
                  (a) =>
                    auth.fetch(a).then(
                      ({ status }) => status,
                      () => 'refused',
                    ),
                  address,
                ),
              fetch: (address) =>
                page.evaluate(
                  (a) =>
                    fetch(a).then(
                      ({ status }) => status,
                      () => 'refused',
                    ),
                  address,
                ),
              'fetch(Request)': (address) =>
                page.evaluate(
                  (a) =>
                    fetch(new Request(a)).then(
                      ({ status }) => status,
                      () => 'refused',
                    ),
                  address,
                ),
              XMLHttpRequest: (address) =>
                page.evaluate(
                  (a) =>
                    new Promise((done) => {
                      const xhr = new XMLHttpRequest();
                      xhr.open('GET', a);
                      xhr.onloadend = () => done(xhr.status);
                      xhr.send();
                    }),
                  address,
                ),
              'synchronous XMLHttpRequest': (address) =>
                page.evaluate((a) => {
                  const xhr = new XMLHttpRequest();
                  xhr.open('GET', a, false);
                  try {
                    xhr.send();
                  } catch {
                    return 'refused';
                  }
                  return xhr.status;
                }, address),
            };
            for (const [name, send] of Object.entries(ways)) {
              atListed.length = atOther.length = 0;
              await send(`${other}/plain`);
              await send(`${listed}/plain`);
              await send(`${listed}/to/${encodeURIComponent(`${other}/redirected`)}`);
              await send(`${listed.replace('localhost', '127.0.0.1')}/another-host`);
              const plain = atListed.find((request) => request.url === '/plain' && request.method === 'GET');
              assert.match(plain.authorization ?? '', /^Bearer eyJ/, name);
              assert.ok(
                atOther.some((request) => request.url === '/plain'),
                name,
              );
              assert.deepEqual(
                atOther.filter((request) => request.authorization),
                [],
                `${name}: it went elsewhere`,
              );
              assert.ok(
                !atListed.some((request) => request.url === '/another-host' && request.authorization),
                name,
              );
            }
            atListed.length = 0;
            await page.evaluate(
              (a) => fetch(a, { headers: { Authorization: 'Basic mine' } }),
              `${listed}/mine`,
            );
            assert.equal(
              atListed.find((request) => request.method === 'GET').authorization,
              'Basic mine',
              "a header of the page's own is left alone",
            );
            atListed.length = 0;
            await page.evaluate(async (a) => {
              window.detach();
              await fetch(a);
            }, `${listed}/detached`);
            assert.equal(atListed[0].authorization, undefined, 'detached');
          }),
        ),
      ));
  }

  test('cookie: nothing is added but what the CSRF rule asks for', () =>
    visit(async ({ tab }) => {
      const page = await tab({ storage: 'cookie' });
      await signIn(page);
      await page.evaluate(() => auth.attach({ fetch: true, xhr: true }));
      const asked = page.waitForRequest((request) => request.url().endsWith('/api/posts'));
      const status = await page.evaluate(() =>
        fetch('/api/posts', { method: 'POST', body: '{"text":"by cookie"}' }).then((answer) => answer.status),
      );
      assert.equal(status, 201);
      assert.equal((await asked).headers().authorization, undefined);
      const byXhr = (method) =>
        page.evaluate(
          (m) =>
            new Promise((done) => {
              const xhr = new XMLHttpRequest();
              xhr.open(m, '/api/posts');
              xhr.onloadend = () => done(xhr.status);
              xhr.send('{"text":"by xhr"}');
            }),
          method,
        );
      assert.equal(await byXhr('POST'), 201);
      await expire();
      assert.equal(await byXhr('POST'), 201, 'refreshed before it was sent');
    }));

  test('XMLHttpRequest: refreshed before sending, waits for the start, and an aborted one is not sent', () =>
    visit(async ({ context, tab, load }) => {
      const page = await tab();
      await signIn(page);
      await expire();
      const xhr = (more = '') =>
        page.evaluate(
          (text) =>
            new Promise((done) => {
              auth.attach({ xhr: true });
              const request = new XMLHttpRequest();
              request.open('GET', '/api/posts');
              const told = [];
              for (const name of ['load', 'error', 'abort', 'loadend'])
                request.addEventListener(name, () => told.push(name));
              request.onloadend = () => !text && done(request.status);
              request.send();
              if (text) {
                request.abort();
                setTimeout(() => done(told.join()), 1500);
              }
            }),
          more,
        );
      assert.equal(await xhr(), 200);
      await load(page, {});
      assert.equal(await xhr(), 200, 'sent before it was known who is signed in');
      await expire();
      const seen = [];
      context.on('request', (request) => {
        if (request.url().endsWith('/api/posts')) seen.push(request);
      });
      await context.route(
        '**/authentication/refresh',
        async (route) => {
          await sleep(700);
          await route.continue();
        },
        { times: 1 },
      ); // so that it must wait
      await load(page, {});
      assert.equal(await xhr('abort'), 'abort,loadend', 'once each, as of a request that was sent');
      assert.equal(seen.length, 0);
    }));

  test('a request that changes something is sent again with its body after a 401', () =>
    visit(async ({ context, tab }) => {
      const page = await tab();
      await signIn(page);
      const bodies = {
        text: '"{\\"text\\":\\"x\\"}"',
        blob: 'new Blob(["{\\"text\\":\\"x\\"}"])',
        request: 'null',
      };
      for (const [name, body] of Object.entries(bodies)) {
        await context.route('**/api/posts', (route) => route.fulfill({ status: 401, body: '{}' }), {
          times: 1,
        });
        const status = await page.evaluate(
          ([which, text]) =>
            (which === 'request'
              ? auth.fetch(new Request('/api/posts', { method: 'POST', body: '{"text":"x"}' }))
              : auth.fetch('/api/posts', { method: 'POST', body: eval(text) })
            ).then((answer) => answer.status),
          [name, body],
        ); // eslint-disable-line no-eval
        assert.equal(status, 201, name);
      }
      await context.route('**/api/posts', (route) => route.fulfill({ status: 401, body: '{}' }));
      assert.equal(await posts(page), 401, 'twice is enough');
      assert.equal((await session(page)).status, 'signed-in', 'an API that says no ends nothing');
      assert.deepEqual(await page.evaluate(() => window.required), []);
    }));

  test('every call can be aborted, and what others wait for goes on', () =>
    visit(async ({ context, tab }) => {
      const page = await tab();
      for (const act of [
        'auth.signIn({ username: "ada", password: "x" }, { signal })',
        'auth.ready({ signal })',
        'auth.fetch("/api/posts", { signal })',
        'auth.token({ signal })',
        'auth.refresh({ signal })',
        'auth.sessions.list({ signal })',
        'auth.signOut({ signal })',
        'auth.fetch(new Request("/api/posts", { signal }))',
      ]) {
        assert.equal(
          (await fails(page, `{ const signal = AbortSignal.abort(); ${act} }`))?.name,
          'AbortError',
          act,
        );
      }
      await signIn(page);
      await expire();
      await context.route('**/authentication/refresh', async (route) => {
        await sleep(700);
        await route.continue();
      });
      const result = await page.evaluate(async () => {
        const one = auth.fetch('/api/posts', { signal: AbortSignal.timeout(100) }).catch(({ name }) => name);
        const two = auth.fetch('/api/posts').then(({ status }) => status);
        return [await one, await two];
      });
      assert.deepEqual(result, ['TimeoutError', 200]);
    }));

  test("errors have the server's code", () =>
    visit(async ({ context, tab }) => {
      const page = await tab();
      const wrong = 'auth.signIn({ username: "ada", password: "not the password at all" })';
      assert.deepEqual(await fails(page, wrong), {
        name: 'CoatcheckError',
        code: 'invalid_credentials',
        status: 401,
        isOurs: true,
      });
      assert.equal(
        (await fails(page, 'auth.signIn({ username: "ada", password: "x", device: "x".repeat(5000) })')).code,
        'invalid_member',
      );
      await signIn(page);
      await context.route(`${url}/**`, (route) => route.abort());
      assert.equal((await fails(page, wrong)).code, 'network_error');
      assert.equal((await fails(page, 'auth.signOut()')).code, 'network_error');
      assert.equal((await session(page)).status, 'signed-in', 'and nothing has changed');
      await context.unroute(`${url}/**`);
      await page.evaluate(() => auth.signOutEverywhere());
      assert.equal((await session(page)).status, 'signed-out');
    }));

  test('the way back after sign-in leads nowhere else', () =>
    visit(async ({ tab, load }) => {
      const page = await tab();
      const evil = [
        'https://evil.example',
        '//evil.example',
        '/\\evil.example',
        '\\\\evil.example',
        'javascript:alert(1)',
        'data:text/html,x',
        '/\t/evil.example',
        'http:evil.example',
        `${origin.replace('//', '//aaaaaaaaaaajavascript:alert(1)%2F%2F@')}/`,
        `${origin.replace('//', '//user@')}//evil.example`,
        'https:/\\evil.example',
        `${origin}.evil.example/`,
        `${origin}@evil.example`,
        '////evil.example',
        'blob:x',
        ' //evil.example',
        '/.//evil.example',
        '/x/..//evil.example',
        '/.\\\\evil.example',
        `${origin}//evil.example`,
      ];
      for (const asked of evil) {
        await load(page, {}, `/blank?return_to=${encodeURIComponent(asked)}`);
        const given = await page.evaluate(() => new URL(auth.returnAddress(), location.href).href);
        assert.equal(new URL(given).origin, origin, `${asked} leads to ${given}`);
        assert.match(await page.evaluate(() => auth.returnAddress()), /^\/(?!\/)/, asked);
      }
      for (const asked of ['/posts?x=1#y', '/', `${origin}/here`]) {
        await load(page, {}, `/blank?return_to=${encodeURIComponent(asked)}`);
        assert.equal(await page.evaluate(() => auth.returnAddress()), asked.replace(origin, ''));
      }
      await load(page, {}, `/blank?return_to=${encodeURIComponent('/posts?x=1')}#y`);
      assert.equal(
        await page.evaluate(() => auth.returnAddress()),
        '/posts?x=1#y',
        'the fragment comes back',
      );
      for (const none of ['/blank', '/blank#/sign-in', '/blank?return_to=', '/blank?return_to=%']) {
        await load(page, {}, none);
        assert.match(
          await page.evaluate(() => auth.returnAddress()),
          none.endsWith('%') ? /^\/%?/ : /^\/$/,
          none,
        );
      }
    }));

  test('to the sign-in page, unless the user is there', () =>
    visit(async ({ tab, load }) => {
      const page = await tab();
      const arrives = async (signInPage, at) => {
        await load(page, { signInPage, onSignInRequired: undefined }, at);
        await posts(page);
        await sleep(300);
        return page.url().replace(origin, '');
      };
      assert.equal(
        await arrives(undefined, '/blank?x=1#y'),
        `/sign-in?return_to=${encodeURIComponent('/blank?x=1')}#y`,
        'no server reads the fragment',
      );
      assert.equal(await arrives('/blank/', '/blank'), '/blank', 'a slash at the end makes no other page');
      assert.equal(await arrives('/blank#/sign-in', '/blank#/sign-in?x=1'), '/blank#/sign-in?x=1');
      assert.equal(
        await arrives('/blank#/sign-in', '/blank#/posts'),
        `/blank?return_to=${encodeURIComponent('/blank#/posts')}#/sign-in`,
        'an application that routes by the hash',
      );
      assert.equal(
        await arrives('/blank#/sign-in', '/blank?x=1'),
        `/blank?x=1&return_to=${encodeURIComponent('/blank?x=1#/')}#/sign-in`.replace('x=1&', ''),
        'and whose first route is empty',
      );
    }));

  test('a listener that throws holds nobody up', () =>
    visit(async ({ tab }) => {
      const page = await tab();
      await ready(page);
      const heard = await page.evaluate(
        async ([username, password]) => {
          const told = [];
          addEventListener('error', (event) => {
            told.push(event.error.message);
            event.preventDefault();
          });
          let first = true;
          auth.subscribe(() => {
            if (first) first = false;
            else throw new Error('in the page');
          });
          auth.subscribe(({ status }) => told.push(status));
          await auth.signIn({ username, password });
          return told;
        },
        ['ada', PASSWORD],
      );
      assert.deepEqual(heard, ['signed-out', 'in the page', 'signed-in']);
    }));

  test('what is public is answered while Coatcheck is away, what is not says so', () =>
    visit(async ({ context, tab, load }) => {
      const page = await tab();
      await signIn(page);
      await context.route(`${url}/api/**`, (route) => route.abort());
      await load(page, {});
      await page.evaluate(() => auth.attach({ fetch: true }));
      assert.equal(await page.evaluate(() => fetch('/style.css', null).then(({ status }) => status)), 200);
      assert.equal((await fails(page, 'fetch("/api/posts")')).code, 'network_error');
      assert.deepEqual(await page.evaluate(() => window.required), []);
    }));

  test('two clients are taken off in any order', () =>
    visit(async ({ tab }) => {
      const page = await tab();
      await signIn(page);
      const [own, covered] = await page.evaluate(async () => {
        const other = Coatcheck.createClient({
          storage: 'sessionStorage',
          key: 'other',
          onSignInRequired() {},
        });
        const first = auth.attach({ fetch: true, xhr: true });
        const second = other.attach({ fetch: true, xhr: true });
        first();
        const status = async () => [
          (await fetch('/api/posts')).status,
          await new Promise((done) => {
            const xhr = new XMLHttpRequest();
            xhr.open('GET', '/api/posts');
            xhr.onloadend = () => done(xhr.status);
            xhr.send();
          }),
        ];
        const without = await status();
        const again = auth.attach({ fetch: true, xhr: true });
        second();
        const withToken = await status();
        again();
        return [[without, await status()], withToken];
      });
      assert.deepEqual(own, [
        [401, 401],
        [401, 401],
      ]);
      assert.deepEqual(covered, [200, 200]);
    }));
});

describe('what one user asked for', () => {
  const SENDERS = {
    fetch: 'auth.fetch("/api/posts").then((answer) => answer.status, (error) => error.code)',
    XMLHttpRequest: `new Promise((done) => {
      auth.attach({ xhr: true });
      const xhr = new XMLHttpRequest();
      xhr.open('GET', '/api/posts');
      xhr.onload = () => done(xhr.status);
      xhr.onerror = () => done('user_changed');
      xhr.send();
    })`,
    axios:
      'api.get("/api/posts").then((answer) => answer.status, (error) => error.response?.status ?? error.code)',
    superagent:
      'superagent.get("/api/posts").use(withToken).then((answer) => answer.status, (error) => error.code ?? error.status)',
  };
  for (const storage of ['memory', 'localStorage', 'cookie']) {
    test(`${storage}: is not done in the name of another`, () =>
      visit(async ({ tab }) => {
        const [page, other] = [await tab({ storage }), await tab({ storage })];
        await adapters(page);
        let asked = 0;
        page.on('request', (request) => {
          if (request.url().endsWith('/api/posts')) asked += 1;
        });
        for (const [name, send] of Object.entries(SENDERS)) {
          // The user changes while the request is on its way: the API's refusal stands.
          await signIn(page);
          await other.waitForFunction(() => auth.session.user?.username === 'ada');
          asked = 0;
          let answer;
          const told = new Promise((done) => {
            answer = done;
          });
          await page.route(
            '**/api/posts',
            async (route) => {
              await told;
              await route.fulfill({ status: 401, body: '{}' });
            },
            { times: 1 },
          );
          const late = page.evaluate(send);
          await sleep(100);
          await signIn(other, 'bob');
          await page.waitForFunction(() => auth.session.user?.username === 'bob');
          answer();
          assert.equal(await late, 401, name);
          assert.equal(asked, 1, name);

          // The user changes while the request waits for a refresh: it is not sent.
          await signIn(page);
          await other.waitForFunction(() => auth.session.user?.username === 'ada');
          await page.evaluate(() => {
            window.real = Date.now;
            Date.now = () => real() + 3600e3;
          }); // due, and not yet refreshed
          asked = 0;
          let refreshed;
          const waited = new Promise((done) => {
            refreshed = done;
          });
          await page.route(
            '**/authentication/refresh',
            async (route) => {
              await waited;
              await route.continue();
            },
            { times: 1 },
          );
          const waiting = page.evaluate(send);
          await sleep(100);
          await signIn(other, 'bob');
          await page.waitForFunction(() => auth.session.user?.username === 'bob');
          refreshed();
          assert.equal(await waiting, 'user_changed', name);
          assert.equal(asked, 0, name);
          await page.evaluate(() => {
            Date.now = window.real;
          });
        }
      }));
  }

  test('memory: signing out while another signs in elsewhere ends nothing of theirs', () =>
    visit(async ({ tab }) => {
      const [page, other] = [await tab({ storage: 'localStorage' }), await tab({ storage: 'localStorage' })];
      await signIn(page);
      let go;
      const held = new Promise((done) => {
        go = done;
      });
      await page.route(
        '**/api/v1/authentication',
        async (route) => {
          const answer = await route.fetch();
          await held;
          await route.fulfill({ response: answer });
        },
        { times: 1 },
      );
      const out = page.evaluate(() => auth.signOut());
      await sleep(200);
      await signIn(other, 'bob');
      await page.waitForFunction(() => auth.session.user?.username === 'bob');
      go();
      await out;
      for (const one of [page, other]) {
        assert.equal((await session(one)).user?.username, 'bob');
        assert.equal(await posts(one), 200);
      }
    }));

  test('memory: signing out counts where the cookie was lost', () =>
    visit(async ({ context, tab }) => {
      const page = await tab();
      await signIn(page);
      const token = await page.evaluate(() => auth.token());
      await context.clearCookies();
      await page.evaluate(() => auth.signOut());
      const { status, headers } = await fetch(`${url}/api/v1/verify`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      assert.equal(status, 401);
      assert.match(headers.get('WWW-Authenticate'), /token_revoked/);
    }));
});

/** Loads axios as `api` and superagent with `withToken`, as in the README. */
async function adapters(page) {
  for (const name of ['axios/dist/axios.min.js', 'superagent/dist/superagent.min.js'])
    await page.addScriptTag({ url: `${origin}/lib/${name}` });
  await page.evaluate(async () => {
    const { attachAxios } = await import('/lib/@coatcheck/client/dist/axios.js');
    const { coatcheck } = await import('/lib/@coatcheck/client/dist/superagent.js');
    window.api = axios.create();
    window.detach = attachAxios(auth, api);
    window.withToken = coatcheck(auth);
  });
}

describe('adapters', () => {
  const unauthorized = (context, body = '{}') =>
    context.route('**/api/posts', (route) => route.fulfill({ status: 401, body }), { times: 1 });

  test('axios: after a 401 one more attempt, which no interceptor and no transform sees twice', () =>
    visit(async ({ context, tab }) => {
      const page = await tab();
      await signIn(page);
      await adapters(page);
      await unauthorized(context);
      const seen = await page.evaluate(async () => {
        const told = [];
        api.interceptors.request.use((config) => {
          told.push('request');
          return config;
        });
        api.interceptors.response.use(
          (answer) => {
            told.push(answer.status);
            return answer;
          },
          (error) => {
            told.push(error.response.status);
            throw error;
          },
        );
        const answer = await api.post(
          '/api/posts',
          { text: 'once' },
          {
            transformRequest: [
              (data, headers) => {
                told.push('transform');
                headers.set('Content-Type', 'application/json');
                return JSON.stringify({ text: `${data.text}!` });
              },
            ],
          },
        );
        return [told, answer.data.text];
      });
      assert.deepEqual(seen, [['request', 'transform', 201], 'once!']);
      await context.route('**/api/posts', (route) => route.fulfill({ status: 401, body: '{}' }));
      const asked = [];
      page.on('request', (request) => {
        if (request.url().endsWith('/api/posts')) asked.push(request);
      });
      assert.equal(
        await page.evaluate(() => api.get('/api/posts').catch(({ response }) => response.status)),
        401,
      );
      assert.equal(asked.length, 2, 'twice is enough');
      await page.evaluate(() => {
        detach();
      });
      assert.equal(
        await page.evaluate(() => api.get('/api/posts').catch(({ response }) => response.status)),
        401,
      );
      assert.equal(asked[2].headers().authorization, undefined, 'detached');
    }));

  test("axios: the token follows no interceptor to another origin, and leaves a header of the page's own alone", () =>
    visit(async ({ context, tab }) => {
      const page = await tab();
      await signIn(page);
      await adapters(page);
      const seen = [];
      await context.route('http://elsewhere.example/**', (route) => {
        seen.push(route.request().headers());
        return route.fulfill({
          status: 200,
          json: {},
          headers: { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*' },
        });
      });
      await page.evaluate(async () => {
        // Of two interceptors the later one runs first, so this one changes the address after the SDK's has
        // seen it.
        const { attachAxios } = await import('/lib/@coatcheck/client/dist/axios.js');
        const moved = axios.create();
        moved.interceptors.request.use((config) => ({ ...config, baseURL: 'http://elsewhere.example' }));
        attachAxios(auth, moved);
        await moved.get('/api/posts');
        await api.get('http://elsewhere.example/plain');
      });
      assert.equal(seen.length, 2);
      assert.deepEqual(
        seen.filter(({ authorization }) => authorization),
        [],
      );
      const asked = page.waitForRequest('**/api/posts');
      await page.evaluate(() =>
        api.get('/api/posts', { headers: { Authorization: 'Basic mine' } }).catch(() => {}),
      );
      assert.equal((await asked).headers().authorization, 'Basic mine');
    }));

  // Row 48 of the issue "A smooth ride": the adapters did not see the 401.
  test('axios and superagent: an application that takes a 401 for an answer gets one more attempt, too', () =>
    visit(async ({ context, tab }) => {
      const page = await tab();
      await signIn(page);
      await adapters(page);
      const asked = [];
      page.on('request', (request) => {
        if (request.url().endsWith('/api/posts')) asked.push(request);
      });
      const calls = {
        axios: "api.get('/api/posts', { validateStatus: () => true }).then(({ status }) => status)",
        superagent: "superagent.get('/api/posts').ok(() => true).use(withToken).then(({ status }) => status)",
      };
      for (const [name, call] of Object.entries(calls)) {
        asked.length = 0;
        await unauthorized(context);
        assert.equal(await page.evaluate(call), 200, name);
        assert.equal(asked.length, 2, name);
        asked.length = 0;
        await context.route('**/api/posts', (route) => route.fulfill({ status: 401, body: '{}' }));
        assert.equal(await page.evaluate(call), 401, name);
        assert.equal(asked.length, 2, `${name}: twice is enough`);
        await context.unroute('**/api/posts');
      }
    }));

  test("superagent: what is aborted is not sent, one callback, a header of the page's own", () =>
    visit(async ({ context, tab }) => {
      const page = await tab();
      await signIn(page);
      await adapters(page);
      const asked = [];
      page.on('request', (request) => {
        if (request.url().endsWith('/api/posts')) asked.push(request);
      });
      await unauthorized(context);
      assert.deepEqual(
        await page.evaluate(() =>
          superagent
            .post('/api/posts')
            .use(withToken)
            .send({ text: 'x' })
            .then(({ status }) => status),
        ),
        201,
      );
      assert.equal(asked.length, 2);
      asked.length = 0;
      assert.deepEqual(
        await page.evaluate(() =>
          superagent
            .get('/api/posts')
            .set('Authorization', 'Basic mine')
            .use(withToken)
            .catch(({ status }) => status),
        ),
        401,
      );
      assert.equal(asked[0].headers().authorization, 'Basic mine');
      asked.length = 0;
      await expire();
      await context.route('**/authentication/refresh', async (route) => {
        await sleep(300);
        await route.continue();
      });
      const told = await page.evaluate(async () => {
        const heard = [];
        const request = superagent.get('/api/posts').use(withToken);
        request.on('abort', () => heard.push('abort'));
        request.end((error, answer) => heard.push(error?.message ?? answer.status));
        request.abort();
        const waits = superagent
          .get('/api/posts')
          .use(withToken)
          .then(({ status }) => status);
        await waits;
        return heard;
      });
      assert.deepEqual(told, ['abort']);
      assert.equal(asked.length, 1, 'the other one alone');
      await unauthorized(context);
      const thrown = await page.evaluate(
        () =>
          new Promise((done) => {
            let calls = 0;
            addEventListener('unhandledrejection', (event) => {
              event.preventDefault();
            });
            addEventListener('error', (event) => {
              event.preventDefault();
            });
            superagent
              .get('/api/posts')
              .use(withToken)
              .end(() => {
                calls += 1;
                throw new Error('in the page');
              });
            setTimeout(() => done(calls), 1500);
          }),
      );
      assert.equal(thrown, 1);
    }));
});

describe('what a script that was injected can reach', () => {
  const LOOKS_SECRET = /eyJ[\w-]{10,}\.|ccr_/;

  /** Everything that a script of the page can read without a request. */
  const readable = (page) =>
    page.evaluate(async () => {
      const found = [
        document.cookie,
        ...Object.values(localStorage),
        ...Object.values(sessionStorage),
        document.documentElement.outerHTML,
        JSON.stringify(auth),
        JSON.stringify(auth.session),
      ];
      for (const { name } of await indexedDB.databases()) found.push(`database ${name}`);
      for (const name of await caches.keys()) found.push(`cache ${name}`);
      return found.join('\n');
    });

  /** Everything that the server gives to a script of the page, whatever it asks for. */
  const handedOut = (page) =>
    page.evaluate(async (server) => {
      const said = [];
      for (const [method, path] of [
        ['POST', 'authentication/refresh'],
        ['GET', 'authentication'],
        ['GET', 'sessions'],
        ['GET', 'users/me'],
        ['GET', 'verify'],
        ['POST', 'authentication'],
      ])
        for (const body of [
          null,
          '{}',
          '{"delivery":"body"}',
          '{"refresh_token":""}',
          '{"delivery":"body","refresh_token":null}',
        ]) {
          if (method === 'GET' && body) continue;
          const answer = await fetch(`${server}/api/v1/${path}?delivery=body`, {
            method,
            credentials: 'include',
            headers: { 'Content-Type': 'application/json', 'X-Coatcheck': '1' },
            body,
          }).catch(() => null);
          if (answer) said.push([...answer.headers].join('\n'), await answer.text());
        }
      return said.join('\n');
    }, url);

  test('cookie: no token at all, and the server hands none out', () =>
    visit(async ({ tab }) => {
      const page = await tab({ storage: 'cookie' });
      await signIn(page);
      assert.equal(await page.evaluate(() => auth.token()), null);
      assert.deepEqual(await page.evaluate(() => auth.headersFor('/x')), {});
      assert.doesNotMatch(await readable(page), LOOKS_SECRET);
      const said = await handedOut(page);
      assert.match(said, /"username":"ada"/, 'the questions were answered');
      assert.doesNotMatch(said, LOOKS_SECRET);
    }));

  test('memory: nothing in any storage, and no refresh token whatever it asks for', () =>
    visit(async ({ tab }) => {
      const page = await tab({ storage: 'memory' });
      await signIn(page);
      assert.equal(
        await page.evaluate(() => document.cookie + localStorage.length + sessionStorage.length),
        '00',
      );
      assert.doesNotMatch(await readable(page), LOOKS_SECRET);
      const said = await handedOut(page);
      assert.match(
        said,
        /"token":"eyJ/,
        'an access token it can have: it lives for minutes, and only while the page is open',
      );
      assert.doesNotMatch(said, /ccr_|"refresh_token":/);
    }));

  for (const storage of ['localStorage', 'sessionStorage', 'scriptCookie']) {
    test(`${storage}: both tokens, as docs/choosing.md says`, () =>
      visit(async ({ tab }) => {
        const page = await tab({ storage });
        await signIn(page);
        const found = decodeURIComponent(await readable(page));
        assert.match(found, LOOKS_SECRET);
        assert.match(found, /ccr_/);
      }));
  }
});

describe('in development the console names what to set', () => {
  let development;
  before(async () => {
    development = await startExample(PAGES, '--dev', '--access-ttl', '2s');
  });
  after(() => development?.stop());

  /** The SDK's lines in the console while `work` runs on a page of the origin `from`. */
  async function complaints(from, work) {
    const heard = [];
    const before = [url, origin];
    [url, origin] = [development.coatcheck.url, from];
    try {
      await visit(async ({ context, tab }) => {
        context.on('console', (message) => {
          if (message.text().startsWith('Coatcheck:')) heard.push(message.text());
        });
        await work({ context, tab });
        await sleep(500);
      });
    } finally {
      [url, origin] = before;
    }
    return heard.join('\n');
  }

  test('an origin that is not listed', async () => {
    const port = await freePort();
    const other = await startApi(PAGES, port, development.coatcheck);
    const heard = await complaints(`http://localhost:${port}`, async ({ tab }) => {
      await fails(await tab(), 'auth.ready()');
    });
    await end(other);
    assert.ok(heard.includes(`[cors] origins = ["http://localhost:${port}"]`), heard);
  });

  test('a page on 127.0.0.1 while Coatcheck is localhost', async () => {
    const other = development.origin.replace('localhost', '127.0.0.1');
    const heard = await complaints(other, async ({ tab }) => {
      await fails(await tab(), 'auth.ready()');
    });
    assert.match(heard, /two sites/);
  });

  test('a cookie that is lost', async () => {
    const heard = await complaints(development.origin, async ({ context, tab }) => {
      const page = await tab();
      await signIn(page);
      await context.clearCookies();
      await sleep(2000);
      await posts(page);
    });
    assert.match(heard, /refresh cookie did not come back/);
  });

  test('an API before which the header is taken away', async () => {
    const heard = await complaints(development.origin, async ({ context, tab }) => {
      const page = await tab();
      await signIn(page);
      await context.route('**/api/posts', (route) =>
        route.continue({ headers: { ...route.request().headers(), authorization: '' } }),
      );
      await posts(page);
    });
    assert.match(heard, /CGIPassAuth On/);
  });
});

describe('A session that ends elsewhere (issue 19, row 34)', () => {
  const noticed = (page) =>
    page.waitForFunction(() => auth.session.status === 'signed-out', undefined, { timeout: 3_000 });

  for (const storage of STORAGES)
    test(`${storage}: is over on a visible page within a second, without a call`, () =>
      visit(async ({ tab }) => {
        const page = await tab({ storage });
        const streams = [];
        page.on('request', (request) => request.url().endsWith('/events') && streams.push(request));
        await signIn(page, 'bob');
        await page.waitForFunction(() => auth.session.status === 'signed-in');
        for (let waited = 0; streams.length === 0 && waited < WAIT; waited += 20) await sleep(20);
        await (await streams[0].response()).headerValue('content-type');
        example.coatcheck.command(['session', 'end', '--user', 'bob']);
        await noticed(page);
        assert.deepEqual(await session(page), { status: 'signed-out', reason: 'session_ended' });
        assert.deepEqual(await page.evaluate(() => window.required), [], 'nobody asked for a sign-in');
        await sleep(1_500);
        const before = streams.length;
        await sleep(1_500);
        assert.equal(streams.length, before, 'nobody listens any more');
      }));

  for (const storage of ['memory', 'cookie', 'localStorage'])
    test(`${storage}: a password change signs out neither this window nor another of the same session`, () =>
      visit(async ({ tab }) => {
        example.coatcheck.addUser(`eva-${storage}`);
        const windows = [await tab({ storage }), await tab({ storage })];
        await signIn(windows[0], `eva-${storage}`);
        for (const page of windows)
          await page.waitForFunction(() => auth.session.status === 'signed-in', undefined, { timeout: WAIT });
        await sleep(700); // both listen
        await windows[0].evaluate(
          ([current, next]) => auth.changePassword({ current, next }),
          [PASSWORD, 'seven amber herons weave baskets'],
        );
        await sleep(2_000);
        for (const page of windows) {
          assert.equal((await session(page)).status, 'signed-in');
          assert.equal(await posts(page), 200);
        }
      }));

  test('eight visible windows of one session share a stream, and all hear', () =>
    visit(async ({ context, tab }) => {
      const open = new Set();
      context.on('request', (request) => request.url().endsWith('/events') && open.add(request));
      for (const over of ['requestfinished', 'requestfailed'])
        context.on(over, (request) => open.delete(request));
      example.coatcheck.addUser('eight');
      const windows = [await tab()];
      await signIn(windows[0], 'eight');
      while (windows.length < 8) windows.push(await tab());
      const all = (what, wanted) =>
        Promise.all(
          windows.map((page) =>
            page.waitForFunction(`String(${what}) === '${wanted}'`, undefined, { timeout: 4_000 }),
          ),
        );
      await all('auth.session.status', 'signed-in');
      await sleep(700);
      assert.equal(open.size, 1);
      assert.deepEqual(
        await Promise.all(windows.map(posts)),
        windows.map(() => 200),
      );

      example.coatcheck.command(['user', 'set', 'eight', '--role', 'editor']);
      await all('auth.session.user.roles', 'editor');
      await sleep(1_500); // until the stream is open again

      // The next window listens as soon as the one that did is closed.
      const [listens] = open;
      const closed = windows.findIndex((page) => page === listens.frame().page());
      await windows.splice(closed, 1)[0].close();
      open.delete(listens); // no event tells that it is over
      await sleep(700);
      assert.equal(open.size, 1);
      example.coatcheck.command(['session', 'end', '--user', 'eight']);
      await all('auth.session.status', 'signed-out');
    }));

  test('the stream outlives its token', () =>
    visit(async ({ tab }) => {
      const page = await tab();
      await signIn(page, 'bob');
      await sleep(2 * LIFE * 1_000);
      example.coatcheck.command(['session', 'end', '--user', 'bob']);
      await page.waitForFunction(() => auth.session.status === 'signed-out', undefined, { timeout: 4_000 });
    }));

  test('a hidden page listens to nothing, and knows as soon as it is shown', () =>
    visit(async ({ tab }) => {
      const page = await tab();
      const hide = (yes) =>
        page.evaluate((hidden) => {
          Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
          document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
        }, yes);
      await signIn(page, 'bob');
      await hide(true);
      example.coatcheck.command(['session', 'end', '--user', 'bob']);
      await sleep(500);
      assert.equal((await session(page)).status, 'signed-in');
      await hide(false);
      await noticed(page);
    }));

  test('no stream where the application wants none', () =>
    visit(async ({ tab }) => {
      const page = await tab({ watchSession: false });
      const streams = [];
      page.on('request', (request) => request.url().endsWith('/events') && streams.push(request));
      await signIn(page, 'bob');
      await sleep(700);
      assert.equal(streams.length, 0);
    }));
});
