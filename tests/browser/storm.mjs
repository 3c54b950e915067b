// SPDX-License-Identifier: Apache-2.0
// Eight tabs of one browser with tokens that live ten seconds. A fifth of the answers to refreshes get lost,
// tabs freeze (for less than the grace) and wake up, and the server restarts twice. No user may be signed
// out, and every protected call must succeed with 200 in the end.
//
//   node storm.mjs [--seconds 300] [--storage memory,localStorage,cookie]
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchBrowser, PASSWORD, startExample } from './support.js';

const TABS = 8;
const LOST = 0.2;
// At most so many answers in a row are kept. Where tabs share a token there are only a dozen refreshes, and
// pure chance would lose none of them one time in fourteen.
const MOST_KEPT = 7;
const LONGEST_FREEZE = 15; // seconds; the grace is 30
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    storage: { type: 'string', default: 'memory,localStorage,cookie' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const seconds = Number(values.seconds);

/** Numbers from 0 to 1 that a seed determines (mulberry32). */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const chance = randomFrom(Number(values.seed));
const random = (least, most) => least + chance() * (most - least);
console.log(`storm: seed ${values.seed}`);

/** Runs in each tab: makes calls until it is told to stop, and repeats each until the answer is 200. */
function work(given) {
  window.seen = { calls: 0, attempts: 0, refused: 0, signOuts: [], hanging: 0, notes: [] };
  window.auth = Coatcheck.createClient({
    ...given,
    onSignInRequired: () => seen.signOuts.push('sign-in required'),
  });
  auth.subscribe((session) => {
    if (session.status === 'signed-out') seen.signOuts.push(session.reason ?? 'signed out');
  });
  window.storm = async () => {
    while (!window.isOver) {
      seen.hanging += 1;
      for (let status = 0; status !== 200; ) {
        seen.attempts += 1;
        status = await auth.fetch('/api/posts').then(
          (answer) => answer.status,
          (error) => {
            if (!error.code) seen.notes.push(String(error));
            return 0;
          },
        );
        if (status !== 200) {
          seen.refused += 1;
          await new Promise((done) => setTimeout(done, 300));
          if (window.giveUp) return;
        }
      }
      seen.hanging -= 1;
      seen.calls += 1;
      await new Promise((done) => setTimeout(done, 300 + Math.random() * 1200));
    }
  };
}

async function storm(browser, storage) {
  const example = await startExample('../tests/browser/pages', '--access-ttl', '10s');
  const { coatcheck, origin } = example;
  const { link, url } = coatcheck;
  let answers = 0;
  let kept = 0;
  link.loses = (request) => {
    if (request.method !== 'POST' || !request.url.endsWith('/refresh')) return false;
    answers += 1;
    const isLost = kept === MOST_KEPT || chance() < LOST;
    kept = isLost ? 0 : kept + 1;
    return isLost && (chance() < 0.5 ? 'answer' : 'connection');
  };
  const context = await browser.newContext();
  const tabs = [];
  for (let i = 0; i < TABS; i += 1) {
    const page = await context.newPage();
    await page.goto(`${origin}/blank`);
    await page.addScriptTag({ url: `${url}/sdk/coatcheck.global.js` });
    await page.evaluate(work, { url, storage });
    if (i === 0)
      await page.evaluate(
        ([p]) =>
          auth
            .ready()
            .catch(() => {})
            .then(() => auth.signIn({ username: 'ada', password: p })),
        [PASSWORD],
      );
    tabs.push({ page, devtools: await context.newCDPSession(page) });
  }
  // A tab that lost all answers at its start does not know who is signed in until it is asked again.
  await Promise.all(
    tabs.map(({ page }, i) =>
      page
        .waitForFunction(() =>
          auth.ready().then(
            ({ status }) => status === 'signed-in',
            () => false,
          ),
        )
        .catch(async (error) => {
          throw new Error(
            `${storage}, tab ${i}: ${await page.evaluate(() => JSON.stringify({ session: auth.session, seen }))} after ${answers} refreshes`,
            { cause: error },
          );
        }),
    ),
  );
  await Promise.all(
    tabs.map(({ page }) =>
      page.evaluate(() => {
        seen.signOuts.length = 0;
        void storm();
      }),
    ),
  );

  const end = Date.now() + seconds * 1000;
  let freezes = 0;
  const freeze = async ({ devtools }) => {
    while (Date.now() < end - LONGEST_FREEZE * 1000) {
      await sleep(random(3000, 20_000));
      await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
      await sleep(random(2000, LONGEST_FREEZE * 1000));
      await devtools.send('Page.setWebLifecycleState', { state: 'active' });
      freezes += 1;
    }
  };
  const restart = async () => {
    for (const part of [1, 2]) {
      await sleep(Math.max(0, end - seconds * 1000 * (1 - part / 3) - Date.now()));
      await coatcheck.restart();
    }
  };
  await Promise.all([...tabs.map(freeze), restart(), sleep(seconds * 1000)]);

  await Promise.all(
    tabs.map(({ page }) =>
      page.evaluate(() => {
        window.isOver = true;
      }),
    ),
  );
  await sleep(5000); // so that open requests can end
  const seen = await Promise.all(
    tabs.map(({ page }) =>
      page.evaluate(() => {
        window.giveUp = true;
        return seen;
      }),
    ),
  );
  await context.close();
  await example.stop();
  const sum = (name) => seen.reduce((total, tab) => total + tab[name], 0);
  return {
    storage,
    calls: sum('calls'),
    'attempts that had to be repeated': sum('refused'),
    refreshes: answers,
    'answers lost': link.lost,
    freezes,
    restarts: 2,
    'sign-outs': seen.flatMap((tab) => tab.signOuts),
    'calls never answered with 200': sum('hanging'),
    notes: seen.flatMap((tab) => tab.notes),
  };
}

const browser = await launchBrowser();
console.log(`storm: ${TABS} tabs for each of ${values.storage}, ${seconds} s`);
const results = await Promise.all(values.storage.split(',').map((storage) => storm(browser, storage)));
await browser.close();
let failed = 0;
for (const result of results) {
  const wrong = result['sign-outs'].length + result['calls never answered with 200'] + result.notes.length;
  const idle = result.calls < seconds * TABS * 0.2 || result['answers lost'] === 0 || result.freezes === 0;
  if (wrong || idle) failed += 1;
  console.log(JSON.stringify(result));
}
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
