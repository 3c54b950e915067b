// SPDX-License-Identifier: Apache-2.0
// Uses each example as a user does: sign in, reload, call the API, let the token expire, sign out, and sign
// in again after the session has ended elsewhere.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchBrowser, PASSWORD, startExample, WAIT } from './support.js';

// Seconds that an access token lives. A busy machine may take some of them to bring a request to the API.
const LIFE = 5;
const EXAMPLES = [
  'vanilla-localstorage',
  'cookie',
  'hybrid-memory',
  'superagent',
  'axios',
  'jquery',
  'jquery in front of lumen',
  'react-redux',
];

let browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

/** A browser context that has not signed in. Errors on its pages are collected and fail the test. */
async function visitor(origin) {
  const context = await browser.newContext();
  context.setDefaultTimeout(WAIT);
  const page = await context.newPage();
  const broken = [];
  page.on('pageerror', (error) => broken.push(String(error)));
  const refreshes = [];
  page.on('response', (answer) => {
    if (answer.url().endsWith('/refresh') && answer.ok()) refreshes.push(answer.url());
  });
  return { context, page, broken, refreshes, origin };
}

async function signIn(page) {
  await page.getByLabel('Username').fill('ada');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('#user', { hasText: 'ada' }).waitFor();
}

/** Waits for a post. If none appears, the failure repeats the page's own message. */
async function seesPosts(page, text = 'Hang up your coat.') {
  await page
    .locator('#posts li', { hasText: text })
    .first()
    .waitFor()
    .catch(async (error) => {
      throw new Error(`no such post; the page says "${await page.getByRole('alert').textContent()}"`, {
        cause: error,
      });
    });
}

for (const name of EXAMPLES) {
  describe(name, () => {
    let example;
    before(async () => {
      example = await startExample(name, '--access-ttl', `${LIFE}s`);
    });
    after(() => example?.stop());

    test('sign in, reload, call, expire, sign out, and back to where one was', async () => {
      const { context, page, broken, refreshes, origin } = await visitor(example.origin);
      try {
        // No user is signed in, so the page goes to the sign-in page and comes back.
        await page.goto(`${origin}/?post=7`);
        await page.waitForURL(`${origin}/sign-in?**`);
        assert.equal(new URL(page.url()).searchParams.get('return_to'), '/?post=7');
        await signIn(page);
        assert.equal(page.url(), `${origin}/?post=7`);
        await seesPosts(page);

        await page.reload();
        await page.locator('#user', { hasText: 'ada' }).waitFor();
        await seesPosts(page);

        const text = `posted by ${name}`;
        await page.getByLabel('New post').fill(text);
        await page.getByRole('button', { name: 'Post', exact: true }).click();
        await seesPosts(page, `ada: ${text}`);

        // The token expires, and the next call still succeeds.
        const before = refreshes.length;
        await sleep(LIFE * 1000 + 500);
        const answered = page.waitForResponse(
          (answer) => answer.url().endsWith('/api/posts') && answer.status() === 200,
        );
        await page.getByRole('button', { name: 'Load posts' }).click();
        await answered;
        assert.ok(refreshes.length > before, 'it was refreshed');
        await seesPosts(page);
        assert.equal(await page.getByRole('alert').textContent(), '');

        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.waitForURL(`${origin}/sign-in`);
        await page.goto(origin);
        await page.waitForURL(`${origin}/sign-in?**`);
        await signIn(page);
        await seesPosts(page);

        // The session ends elsewhere. The API then refuses the next call, and the page goes to sign in and
        // comes back.
        await page.goto(`${origin}/?post=8#comments`);
        await seesPosts(page);
        example.coatcheck.command(['session', 'end', '--user', 'ada']);
        if (name.endsWith('lumen')) await sleep(700); // PHP's snapshot is at most half a second old
        await page.getByRole('button', { name: 'Load posts' }).click();
        await page.waitForURL(`${origin}/sign-in?**`);
        await signIn(page);
        assert.equal(page.url(), `${origin}/?post=8#comments`);
        await seesPosts(page);
        assert.deepEqual(broken, []);
      } finally {
        await context.close();
      }
    });
  });
}

describe('what each way is about', () => {
  test("cookie: HttpOnly, Secure, host-only, SameSite, and its expiry is the JWT's to the second", async () => {
    const example = await startExample('cookie', '--access-ttl', '60s');
    const { context, page, origin } = await visitor(example.origin);
    try {
      await page.goto(origin);
      await page.waitForURL(`${origin}/sign-in?**`);
      const sent = page
        .waitForResponse((answer) => answer.url().endsWith('/authentication'))
        .then((answer) => answer.headerValue('set-cookie'));
      await signIn(page);
      const cookies = Object.fromEntries((await context.cookies()).map((cookie) => [cookie.name, cookie]));
      const access = cookies['__Host-Http-coatcheck'];
      const expiryOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).exp;
      const header = await sent; // the browser may already hold a later one
      const [, token, expires] = /coatcheck=([^;]+); Path=\/; Expires=([^;]+);/.exec(header);
      assert.equal(expires, new Date(expiryOf(token) * 1000).toUTCString());
      const exp = expiryOf(access.value);
      // Chromium corrects the expiry by the difference of the clocks, which it knows only to a second.
      assert.ok(Math.abs(access.expires - exp) < 1, `${access.expires}`);
      for (const cookie of [access, cookies['__Host-Http-coatcheck-refresh']]) {
        assert.deepEqual(
          [cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path, cookie.domain],
          [true, true, 'Lax', '/', 'localhost'],
        );
      }
      assert.equal(
        await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })),
        '{}',
      );
    } finally {
      await context.close();
      await example.stop();
    }
  });

  test('jquery: X-TOKEN and X-USER on every request, and another user is refused', async () => {
    const example = await startExample('jquery');
    const { context, page, origin } = await visitor(example.origin);
    try {
      await page.goto(origin);
      await page.waitForURL(`${origin}/sign-in?**`);
      await signIn(page);
      const asked = page.waitForRequest((request) => request.url().endsWith('/api/posts'));
      await page.getByRole('button', { name: 'Load posts' }).click();
      const headers = (await asked).headers();
      const claims = JSON.parse(Buffer.from(headers['x-token'].split('.')[1], 'base64url'));
      assert.equal(headers['x-user'], claims.sub);
      assert.equal(headers.authorization, `Bearer ${headers['x-token']}`);
      const ask = (user) =>
        fetch(`${origin}/api/posts`, { headers: { 'X-TOKEN': headers['x-token'], 'X-USER': user } });
      assert.equal((await ask(claims.sub)).status, 200);
      assert.equal((await ask('somebody')).status, 401);
    } finally {
      await context.close();
      await example.stop();
    }
  });

  test('react-redux: the token of the earlier visit is loaded into the store', async () => {
    const example = await startExample('react-redux');
    const { context, page, origin } = await visitor(example.origin);
    try {
      await page.goto(origin);
      await page.waitForURL(`${origin}/sign-in?**`);
      await signIn(page);
      await page.reload();
      await page.locator('#token', { hasText: 'eyJ' }).waitFor();
    } finally {
      await context.close();
      await example.stop();
    }
  });
});
