// SPDX-License-Identifier: Apache-2.0
// Clients for browsers, in Chromium: oidc-client-ts, in a window of its own and in a pop-up; and the ways back to a
// client that Chromium's form-action could block.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { API, addClient, freePort, PASSWORD, startOAuth, WAIT } from './support.js';

const LIBRARY = readFileSync(
  fileURLToPath(import.meta.resolve('oidc-client-ts')).replace(/dist\/.*/, 'dist/browser/oidc-client-ts.js'),
);

let coatcheck;
let browser;
let site;
let origin;

/** The client's pages: all are the same, with the library; /onward leads on to another origin. */
const PAGE = `<!doctype html><title>A client</title><script src="/library.js"></script>`;

before(async () => {
  coatcheck = await startOAuth();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  site = createServer((request, response) => {
    const { pathname, search } = new URL(request.url, 'http://x');
    if (pathname === '/library.js') response.setHeader('Content-Type', 'text/javascript').end(LIBRARY);
    else if (pathname === '/onward')
      response.writeHead(303, { Location: `http://127.0.0.1:${site.address().port}/landed${search}` }).end();
    else response.setHeader('Content-Type', 'text/html').end(PAGE);
  });
  const port = await freePort();
  await new Promise((done) => site.listen(port, done));
  origin = `http://localhost:${port}`;
});
after(async () => {
  await browser?.close();
  site?.closeAllConnections();
  site?.close();
  await coatcheck?.stop();
});

async function visit(work) {
  const context = await browser.newContext();
  context.setDefaultTimeout(WAIT);
  try {
    await work(await context.newPage(), context);
  } finally {
    await context.close();
  }
}

async function signIn(page) {
  await page.fill('#login', 'ada');
  await page.fill('#password', PASSWORD);
  await page.click('button');
}

/** Makes `manager` in the page: a client of oidc-client-ts. */
const prepare = (page, registered, more = {}) =>
  page.evaluate(
    (settings) => {
      window.manager = new oidc.UserManager({
        ...settings,
        userStore: new oidc.WebStorageStateStore({ store: localStorage }),
      });
    },
    {
      authority: coatcheck.url,
      client_id: registered.client_id,
      redirect_uri: `${origin}/cb`,
      popup_redirect_uri: `${origin}/popup`,
      post_logout_redirect_uri: `${origin}/bye`,
      scope: 'openid profile posts:read',
      resource: API,
      ...more,
    },
  );

describe('oidc-client-ts', () => {
  const register = (name) =>
    addClient(
      coatcheck,
      ...['browser', name, '--redirect', `${origin}/cb`, '--redirect', `${origin}/popup`],
      ...['--post-logout-redirect', `${origin}/bye`],
    );

  test('signs in by a redirect, calls, refreshes, and signs out', () =>
    visit(async (page) => {
      const registered = register('Board');
      await page.goto(`${origin}/`);
      await prepare(page, registered);
      await page.evaluate(() => void manager.signinRedirect());
      await page.waitForURL(`${coatcheck.url}/oauth2/sign-in?**`);
      await signIn(page);
      await page.waitForURL(`${coatcheck.url}/oauth2/consent?**`);
      await page.click('button[value=allow]');
      await page.waitForURL(`${origin}/cb?**`);
      await prepare(page, registered);
      const user = await page.evaluate(() => manager.signinCallback());
      assert.equal(user.profile.preferred_username, 'ada');
      const status = (token) =>
        fetch(`${coatcheck.url}/api/v1/verify?resource=${encodeURIComponent(API)}&scope=posts:read`, {
          headers: { Authorization: `Bearer ${token}` },
        }).then((answer) => answer.status);
      assert.equal(await status(user.access_token), 200);
      const refreshed = await page.evaluate(() => manager.signinSilent());
      assert.notEqual(refreshed.access_token, user.access_token);
      assert.equal(await status(refreshed.access_token), 200);
      await page.evaluate(() => void manager.signoutRedirect());
      await page.waitForURL(`${origin}/bye**`);
      assert.equal(await status(refreshed.access_token), 401);
    }));

  test('signs in by a pop-up', () =>
    visit(async (page, context) => {
      const registered = register('Pop');
      await page.goto(`${origin}/`);
      await prepare(page, registered);
      const opened = context.waitForEvent('page');
      const user = page.evaluate(() => manager.signinPopup());
      const popup = await opened;
      await popup.waitForURL(`${coatcheck.url}/oauth2/sign-in?**`);
      await signIn(popup);
      await popup.click('button[value=allow]');
      await popup.waitForURL(`${origin}/popup?**`);
      await prepare(popup, registered);
      await popup.evaluate(() => void manager.signinPopupCallback());
      assert.equal((await user).profile.preferred_username, 'ada');
    }));
});

describe('the way back to a client', () => {
  const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
  const start = (registered, uri) =>
    `${coatcheck.url}/oauth2/authorize?${new URLSearchParams({
      client_id: registered.client_id,
      redirect_uri: uri,
      response_type: 'code',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })}`;

  test('a client that redirects on to another origin', () =>
    visit(async (page) => {
      const registered = addClient(coatcheck, 'web', 'Onward', '--redirect', `${origin}/onward`);
      await page.goto(start(registered, `${origin}/onward`));
      await signIn(page);
      await page.click('button[value=allow]');
      await page.waitForURL(`http://127.0.0.1:${new URL(origin).port}/landed?**`);
    }));

  test('an address of IPv6', () =>
    visit(async (page) => {
      const uri = `http://[::1]:${new URL(origin).port}/cb`;
      const registered = addClient(coatcheck, 'native', 'Six', '--redirect', 'http://[::1]/cb');
      await page.goto(start(registered, uri));
      await signIn(page);
      assert.ok(await page.isVisible('text=This app runs on your own computer.'));
      await page.click('button[value=allow]');
      await page.waitForURL(`${uri}?**`);
    }));

  test('a scheme of an app', () =>
    visit(async (page) => {
      const uri = 'com.example.app:/cb';
      const registered = addClient(coatcheck, 'native', 'App', '--redirect', uri);
      await page.goto(start(registered, uri));
      await signIn(page);
      const refused = [];
      page.on('console', (message) => refused.push(message.text()));
      const answered = page.waitForResponse((answer) => answer.url().includes('/oauth2/consent'));
      await page.click('button[value=allow]');
      assert.ok((await (await answered).headerValue('location')).startsWith(`${uri}?code=`));
      assert.ok(!refused.some((text) => text.includes('Content Security Policy')), refused.join('\n'));
    }));
});
