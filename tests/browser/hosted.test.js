// SPDX-License-Identifier: Apache-2.0
// The pages on which users sign in and agree, in Chromium: with axe, by keyboard alone, narrow, without script.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Coatcheck, launchBrowser, PASSWORD, ROOT, WAIT } from './support.js';

const SCREENSHOTS = join(ROOT, 'build/screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_RULES = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'];
const CONFIG = `
[oauth]
enabled = true
[[resource]]
uri = "https://api.example.com"
name = "Example"
scopes = { "posts:read" = "Read your posts" }
`;

let coatcheck;
let browser;
let query;

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  coatcheck = new Coatcheck('--dev');
  const file = join(coatcheck.directory, 'coatcheck.toml');
  writeFileSync(file, CONFIG);
  coatcheck.flags.push('--config', file);
  await coatcheck.start();
  coatcheck.addUser('ada');
  const words = ['client', 'add', 'native', 'Photo Album', '--redirect', 'http://127.0.0.1/cb', '--json'];
  query = new URLSearchParams({
    client_id: JSON.parse(coatcheck.command(words)).client_id,
    redirect_uri: 'http://127.0.0.1:9/cb',
    response_type: 'code',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    scope: 'openid profile offline_access posts:read',
    resource: 'https://api.example.com',
  });
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  await coatcheck?.stop();
});

async function visit(work, options = {}) {
  const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(WAIT);
  try {
    const page = await context.newPage();
    await page.goto(`${coatcheck.url}/oauth2/authorize?${query}`);
    await work(page, context);
  } finally {
    await context.close();
  }
}

const signIn = async (page, password = PASSWORD) => {
  await page.fill('#login', 'ada');
  await page.fill('#password', password);
  await page.click('button');
};

/** Each page: its name, and how to come to it from the sign-in. */
const PAGES = {
  'sign-in': async () => {},
  'wrong-password': (page) => signIn(page, 'wrong'),
  consent: async (page) => {
    await signIn(page);
    await page.waitForURL('**/oauth2/consent?**');
  },
  'sign-out': async (page) => {
    await signIn(page);
    await page.waitForURL('**/oauth2/consent?**');
    await page.goto(`${coatcheck.url}/oauth2/logout`);
  },
  'signed-out': (page) => page.goto(`${coatcheck.url}/oauth2/logout`),
  error: (page) => page.goto(`${coatcheck.url}/oauth2/authorize?client_id=nobody`),
};

describe('each page', () => {
  for (const [name, come] of Object.entries(PAGES))
    for (const [width, colorScheme, locale] of [
      [390, 'light', 'en-GB'],
      [1280, 'dark', 'de-DE'],
      [320, 'dark', 'en-GB'], // 400 % of 1280 (WCAG 1.4.10)
    ])
      test(`${name} at ${width} in the ${colorScheme}, ${locale}: it fits, and axe finds nothing`, () =>
        visit(
          async (page) => {
            await come(page);
            await page.screenshot({
              path: join(SCREENSHOTS, `hosted-${name}-${width}-${colorScheme}.png`),
              fullPage: true,
            });
            const [content, window] = await page.evaluate(() => [
              document.documentElement.scrollWidth,
              document.documentElement.clientWidth,
            ]);
            assert.ok(content <= window, `${content} px in ${window}`);
            assert.equal(await page.getAttribute('html', 'lang'), locale.slice(0, 2));
            await page.evaluate(AXE);
            const { violations } = await page.evaluate(
              (values) => globalThis.axe.run({ runOnly: { type: 'tag', values } }),
              AXE_RULES,
            );
            assert.deepEqual(
              violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]),
              [],
            );
          },
          { viewport: { width, height: 800 }, colorScheme, locale, bypassCSP: true },
        ));
});

describe('the way through the pages', () => {
  test('without script, and nothing is loaded from elsewhere', () =>
    visit(
      async (page) => {
        const seen = new Set();
        page.on('request', (request) => seen.add(new URL(request.url()).origin));
        await signIn(page);
        await page.waitForURL('**/oauth2/consent?**');
        assert.deepEqual([...seen], [coatcheck.url]);
        const away = page.waitForRequest('http://127.0.0.1:9/cb?**');
        await page.click('button[value=allow]');
        assert.ok(new URL((await away).url()).searchParams.has('code'));
      },
      { javaScriptEnabled: false },
    ));

  test('the keyboard alone, from the first field on', () =>
    visit(async (page) => {
      const focused = (id) => page.waitForFunction((wanted) => document.activeElement.id === wanted, id);
      await focused('login');
      await page.keyboard.type('ada');
      await page.keyboard.press('Tab');
      await page.keyboard.type('wrong');
      await page.keyboard.press('Enter');
      await page.waitForSelector('[role=alert]');
      assert.equal(await page.inputValue('#login'), 'ada');
      await focused('password');
      await page.keyboard.type(PASSWORD);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Space');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/oauth2/consent?**');
      for (let step = 0; step < 5; step += 1) {
        await page.keyboard.press('Tab');
        if ((await page.evaluate(() => document.activeElement.value)) === 'deny') break;
      }
      const away = page.waitForRequest('http://127.0.0.1:9/cb?**');
      await page.keyboard.press('Enter');
      assert.equal(new URL((await away).url()).searchParams.get('error'), 'access_denied');
    }));

  test('a password manager finds its fields', () =>
    visit(async (page) => {
      assert.equal(await page.getAttribute('#login', 'autocomplete'), 'username');
      assert.equal(await page.getAttribute('#password', 'autocomplete'), 'current-password');
    }));
});
