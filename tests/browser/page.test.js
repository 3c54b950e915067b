// SPDX-License-Identifier: Apache-2.0
// The page at / in a real browser, against a real server whose access tokens live for four seconds.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Coatcheck, launchBrowser, PASSWORD, ROOT, WAIT } from './support.js';

const SCREENSHOTS = join(ROOT, 'build/screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_RULES = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'];
const LIFE = 4; // seconds that an access token lives

const server = new Coatcheck('--dev', '--access-ttl', `${LIFE}s`);
let browser;
let url;

// ---- The browser

/** Opens the page in a fresh context and collects its errors. `refused` allows answers of 401. */
async function visit(work, { refused = false, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    locale: 'en-GB',
    ...options,
  });
  try {
    context.setDefaultTimeout(WAIT);
    const page = await context.newPage();
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type())) return;
      if (refused && /status of 401/.test(message.text())) return;
      complaints.push(message.text());
    });
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) =>
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`),
      );
    });
    await page.goto(url);
    await work(page, complaints);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

const shows = (page, selector, text) =>
  page.locator(selector).filter({ hasText: text, visible: true }).first().waitFor();

async function signIn(page, delivery = 'hybrid') {
  await page.getByLabel('Username').fill('ada');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('radio', { name: delivery }).check();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await shows(page, '#ticket-user', 'ada');
}

/** Calls the protected route and waits for the answer to be shown. */
async function call(page, status) {
  await page.getByRole('button', { name: 'Call it' }).click();
  await shows(page, '#answer-status', status);
}

const claims = async (page) =>
  JSON.parse(Buffer.from((await page.locator('#token-raw').textContent()).split('.')[1], 'base64url'));
const automatic = (page) => page.getByRole('switch', { name: 'Automatic refresh' });
const logRow = (page, text) => page.locator('#log-rows tr').filter({ hasText: text });

async function letTokenExpire(page) {
  await shows(page, '#countdown', '0:00');
  await sleep(1_000); // the page knows the server's clock to a second
}

before(async () => {
  server.addUser('ada');
  url = (await server.start()).url;
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await server.stop();
});

describe('Signing in', () => {
  test('a wrong password is refused in words that a screen reader announces', () =>
    visit(
      async (page) => {
        await page.getByLabel('Username').fill('ada');
        await page.getByLabel('Password', { exact: true }).fill('not the password at all');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await shows(page, '[role=alert]', 'invalid_credentials');
        assert.match(await page.locator('#sign-in-problem').textContent(), /\w+ .*\. invalid_credentials/);
        assert.equal(await page.locator('#password').getAttribute('aria-invalid'), 'true');
        assert.equal(await page.evaluate(() => document.activeElement.id), 'password');
        assert.equal(await page.locator('#ticket').isVisible(), false);
      },
      { refused: true },
    ));

  test('a new visitor sends no request before signing in', () =>
    visit(async (page) => {
      await page.getByRole('button', { name: 'Sign in' }).waitFor();
      await sleep(300);
      assert.equal(await page.locator('#log').isVisible(), false);
    }));

  for (const delivery of ['hybrid', 'body']) {
    test(`delivery ${delivery} shows the token's header and claims`, () =>
      visit(async (page) => {
        await signIn(page, delivery);
        assert.equal(await page.locator('#ticket-delivery').textContent(), delivery);
        await shows(page, '#token-header', '"typ": "at+jwt"');
        await shows(page, '#token-claims', '"preferred_username": "ada"');
        assert.equal((await claims(page)).iss, url);
        assert.equal(await page.evaluate(() => document.cookie), '');
        await call(page, '200');
        await shows(page, '#answer-body', '"username": "ada"');
      }));
  }

  test('delivery cookie leaves no token where a script could read it', () =>
    visit(async (page) => {
      await signIn(page, 'cookie');
      await shows(page, '#token', 'Scripts cannot read it');
      assert.equal(await page.locator('#token-raw').isVisible(), false);
      assert.equal(await page.evaluate(() => document.cookie), '');
      assert.doesNotMatch(await page.locator('body').innerText(), /eyJ/);
      await call(page, '200');
    }));

  test('the keyboard alone signs in and out, and the focus is never lost', () =>
    visit(async (page) => {
      const focused = () => page.evaluate(() => document.activeElement.id);
      const tabTo = async (id) => {
        for (let step = 0; step < 20 && (await focused()) !== id; step += 1) await page.keyboard.press('Tab');
        assert.equal(await focused(), id);
      };
      await tabTo('username');
      assert.notEqual(
        await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle),
        'none',
      );
      await page.keyboard.type('ada');
      await page.keyboard.press('Tab');
      await page.keyboard.type(PASSWORD);
      await page.keyboard.press('Tab');
      await page.keyboard.press('ArrowDown');
      assert.equal(await focused(), 'delivery-body');
      await page.keyboard.press('Enter');
      await shows(page, '#ticket-user', 'ada');
      await shows(page, '[role=status]', 'Signed in as ada');
      assert.equal(await focused(), 'ticket-heading');
      await tabTo('automatic');
      await page.keyboard.press('Space');
      assert.equal(await automatic(page).isChecked(), false);
      await tabTo('sign-out');
      await page.keyboard.press('Enter');
      await shows(page, '[role=status]', 'Signed out');
      assert.equal(await focused(), 'username');
    }));
});

// These tests mostly wait, so they run side by side.
describe('Staying signed in', { concurrency: 3 }, () => {
  test('the countdown runs, and a silent refresh outlives the first token', () =>
    visit(async (page) => {
      await signIn(page);
      const first = await claims(page);
      const seen = new Set();
      for (const end = Date.now() + (LIFE + 1) * 1_000; Date.now() < end; await sleep(200))
        seen.add(await page.locator('#countdown').textContent());
      assert.ok(seen.size >= 3, `the countdown showed ${[...seen]}`);
      for (const text of seen) assert.match(text, /^0:0[0-4]$/);
      assert.ok((await claims(page)).exp > first.exp);
      await shows(page, '#refresh-count', 'Refreshed');
      assert.match(
        await logRow(page, 'silent').first().innerText(),
        /POST \/api\/v1\/authentication\/refresh\s*silent\s*200/,
      );
      await call(page, '200');
    }));

  test('without the automatic refresh the token expires, and a refresh by hand brings it back', () =>
    visit(
      async (page) => {
        await signIn(page);
        await automatic(page).uncheck();
        await letTokenExpire(page);
        await call(page, 'token_expired');
        await shows(page, '#answer-headers', 'code="token_expired"');
        await page.getByRole('button', { name: 'Refresh now' }).click();
        await shows(page, '[role=status]', 'The token is refreshed');
        await page.getByRole('radio', { name: '/api/v1/verify' }).check();
        await call(page, '200');
        await shows(page, '#answer-headers', 'x-auth-username: ada');
      },
      { refused: true },
    ));

  test('an expired access cookie is refreshed when a route asks for it', () =>
    visit(
      async (page) => {
        await signIn(page, 'cookie');
        await automatic(page).uncheck();
        await letTokenExpire(page);
        await call(page, '401');
        // Both in one step, so that the timer does not come first.
        await page.evaluate(() => {
          document.getElementById('automatic').checked = true;
          document.getElementById('call').click();
        });
        await shows(page, '#answer-status', '200');
        await logRow(page, 'silent').first().waitFor();
      },
      { refused: true },
    ));

  test('a stale token is refreshed and the request repeated', () =>
    visit(
      async (page) => {
        await signIn(page);
        const problem = {
          type: 'urn:coatcheck:problem:token_stale',
          title: 'Stale.',
          status: 401,
          code: 'token_stale',
        };
        const answer = {
          status: 401,
          contentType: 'application/problem+json',
          body: JSON.stringify(problem),
        };
        await page.route('**/api/v1/verify', (route) => route.fulfill(answer), { times: 1 });
        await page.getByRole('radio', { name: '/api/v1/verify' }).check();
        await call(page, '200');
        assert.equal(await logRow(page, 'token_stale').count(), 1);
        assert.ok((await logRow(page, 'silent').count()) >= 1);
      },
      { refused: true },
    ));

  for (const delivery of ['hybrid', 'cookie']) {
    test(`a reload finds the session of delivery ${delivery} again`, () =>
      visit(async (page) => {
        await signIn(page, delivery);
        const number = await page.locator('#ticket-number').textContent();
        await page.reload();
        await shows(page, '#ticket-number', number);
        await logRow(page, 'on load').waitFor();
        await call(page, '200');
      }));
  }

  test('a reload forgets the tokens of delivery body, and says so', () =>
    visit(async (page) => {
      await signIn(page, 'body');
      await page.reload();
      await shows(page, '#sign-in-problem', 'in memory only');
      assert.equal(await page.locator('#log').isVisible(), false);
    }));

  test('a network that fails signs nobody out', () =>
    visit(async (page, complaints) => {
      await signIn(page);
      await page.route('**/refresh', (route) => route.abort());
      await page.getByRole('button', { name: 'Refresh now' }).click();
      await shows(page, '#ticket-problem', 'could not be reached');
      await page.reload();
      await shows(page, '#looking', 'Your session is not lost');
      await page.unroute('**/refresh');
      await page.getByRole('button', { name: 'Try again' }).click();
      await shows(page, '#ticket-user', 'ada');
      for (const text of complaints.splice(0)) assert.match(text, /net::ERR_FAILED/);
    }));
});

describe('Taking it back', () => {
  test('a session elsewhere is listed, and ended from here', () =>
    visit(async (page) => {
      const elsewhere = await server.signInElsewhere('Second device');
      await signIn(page);
      const item = page.locator(`[data-session="${elsewhere.session.id}"]`);
      await item.waitFor();
      assert.match(await item.innerText(), /Second device/);
      assert.equal(await page.locator('#session-list').getByText('This one').count(), 1);
      await item.getByRole('button').click();
      await item.waitFor({ state: 'detached' });
      await shows(page, '[role=status]', 'has ended');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'sessions-heading');
      const answer = await fetch(`${url}/api/v1/verify`, {
        headers: { Authorization: `Bearer ${elsewhere.token}` },
      });
      assert.equal(answer.status, 401);
    }));

  test('all other sessions end at once', () =>
    visit(async (page) => {
      await server.signInElsewhere('Third device');
      await server.signInElsewhere('Fourth device');
      await signIn(page);
      await page.getByRole('button', { name: 'End all others' }).click();
      await shows(page, '[role=status]', 'All other sessions have ended');
      assert.equal(await page.locator('#session-list li').count(), 1);
      await call(page, '200');
    }));

  test('a session that is ended elsewhere signs the page out, with the reason', () =>
    visit(
      async (page) => {
        await signIn(page);
        const { token } = await server.signInElsewhere('Another device');
        const answer = await fetch(`${url}/api/v1/sessions?except=current`, {
          method: 'DELETE',
          headers: { Authorization: `Bearer ${token}` },
        });
        assert.equal(answer.status, 204);
        // Row 37 of the issue "A smooth ride": the page went on saying “Signed in”.
        await page
          .locator('#sign-in-problem')
          .filter({ hasText: 'You are signed out' })
          .waitFor({ timeout: 3_000 });
        for (const id of ['#ticket', '#token', '#sessions']) assert.ok(await page.locator(id).isHidden(), id);
        await shows(page, '#answer-status', 'Without a token it answers 401');
      },
      { refused: true },
    ));

  for (const delivery of ['body', 'cookie'])
    test(`so does one of delivery ${delivery}, whose automatic refresh is off`, () =>
      visit(
        async (page) => {
          await signIn(page, delivery);
          await automatic(page).uncheck();
          await shows(page, '#answer-status', 'Not called yet.');
          assert.doesNotMatch(await page.locator('#answer-status').textContent(), /401/);
          server.command(['session', 'end', '--user', 'ada']);
          await page
            .locator('#sign-in-problem')
            .filter({ hasText: 'You are signed out' })
            .waitFor({ timeout: 3_000 });
          assert.ok(await page.locator('#ticket').isHidden());
        },
        { refused: true },
      ));

  test('a call that is told of the end signs the page out, too', () =>
    visit(
      async (page) => {
        await page.route('**/authentication/events', (route) =>
          route.fulfill({ contentType: 'text/event-stream', body: 'event: live\ndata: {}\n\n' }),
        );
        await signIn(page);
        server.command(['session', 'end', '--user', 'ada']);
        await page.getByRole('button', { name: 'Call it' }).click();
        await shows(page, '#sign-in-problem', 'You are signed out');
        assert.ok(await page.locator('#ticket').isHidden());
      },
      { refused: true },
    ));

  for (const delivery of ['hybrid', 'body', 'cookie']) {
    test(`after signing out of delivery ${delivery} the protected route answers 401`, () =>
      visit(
        async (page) => {
          await signIn(page, delivery);
          await page.getByRole('button', { name: 'Sign out' }).click();
          await page.getByRole('button', { name: 'Sign in' }).waitFor();
          assert.doesNotMatch(await page.locator('body').textContent(), /eyJ/);
          await call(page, 'token_missing');
          await page.reload();
          await page.getByRole('button', { name: 'Sign in' }).waitFor();
        },
        { refused: true },
      ));
  }
});

describe('The looks', () => {
  async function check(page, name) {
    const { width } = page.viewportSize();
    await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true, animations: 'disabled' });
    assert.ok(
      (await page.evaluate(() => document.documentElement.scrollWidth)) <= width,
      'it does not fit the width',
    );
    await page.evaluate(AXE); // as a debugger would, because the page's policy allows no such script
    const { violations } = await page.evaluate(
      (values) => globalThis.axe.run({ runOnly: { type: 'tag', values } }),
      AXE_RULES,
    );
    assert.deepEqual(
      violations.map(({ id, help, nodes }) => ({
        id,
        help,
        where: nodes.map(({ target }) => target.join(' ')),
      })),
      [],
    );
  }

  for (const [width, height] of [
    [375, 812],
    [1280, 800],
  ]) {
    for (const colorScheme of ['light', 'dark']) {
      test(`at ${width} by ${height} in the ${colorScheme} it fits, and axe finds nothing to object to`, () =>
        visit(
          async (page) => {
            const size = `${width}x${height}-${colorScheme}`;
            const wall = await page.evaluate(
              () => getComputedStyle(document.documentElement).backgroundColor,
            );
            const [red] = wall.match(/\d+/g).map(Number);
            assert.ok(colorScheme === 'dark' ? red < 64 : red > 192, `the wall is ${wall}`);
            await check(page, `signed-out-${size}`);
            await server.signInElsewhere('Ada’s phone');
            await signIn(page);
            await call(page, '200');
            await check(page, `signed-in-${size}`);
          },
          { viewport: { width, height }, colorScheme },
        ));
    }
  }

  test('nothing moves for those who asked for less motion', () =>
    visit(async (page) => {
      await signIn(page);
      assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
    }));
});
