// SPDX-License-Identifier: Apache-2.0
// Races between tabs, lost answers and a page that sleeps, in virtual time: see world.ts.
import { describe, expect, test } from 'vitest';
import type { Storage } from '../src/index.js';
import { GRACE, type Tab, World } from './world.js';

const QUARTER = 15 * 60_000;
const CREDENTIALS = { username: 'ada', password: 'x' };
const EVERY: Storage[] = ['memory', 'cookie', 'localStorage', 'sessionStorage'];

/** A world with `count` tabs, in which a user has signed in. */
async function signedIn(storage: Storage, count: number): Promise<World> {
  const world = new World({ storage });
  const first = world.tab();
  await world.run();
  const done = first.client.signIn(CREDENTIALS);
  await world.run();
  await done;
  // A duplicated tab has a copy of the session storage.
  while (world.tabs.length < count) world.tab(first.sessionStorage.copy());
  await world.run();
  return world;
}

const statuses = ({ tabs }: World) => tabs.map((tab) => tab.client.session.status);

describe.each(EVERY)('%s', (storage) => {
  test('each tab that opens finds the session', async () => {
    const world = await signedIn(storage, 3);
    expect(statuses(world)).toEqual(['signed-in', 'signed-in', 'signed-in']);
  });

  test('a lost answer to a refresh costs nothing', async () => {
    const world = await signedIn(storage, 1);
    const { client } = world.tabs[0]!;
    for (let round = 0; round < 3; round++) {
      world.now += QUARTER;
      const lost = client.refresh();
      lost.catch(() => {});
      await world.run('request authentication/refresh');
      await world.loseAnswer('authentication/refresh');
      await expect(lost).rejects.toMatchObject({ code: 'network_error' });
      const again = client.refresh();
      await world.run();
      expect(await again).toMatchObject({ status: 'signed-in' });
    }
    expect(world.refusals).toEqual(
      storage === 'memory' || storage === 'cookie' ? ['refresh_token_missing'] : [],
    );
  });

  test('a tab has one refresh under way at a time', async () => {
    const world = await signedIn(storage, 1);
    const [tab] = world.tabs as [Tab];
    world.now += QUARTER;
    const all = [tab.client.refresh(), tab.client.refresh(), tab.client.token(), tab.client.token()];
    tab.emit('online');
    tab.emit('visibilitychange');
    await world.run();
    await Promise.all(all);
    expect(tab.mostRefreshes).toBe(1);
  });

  test('an answer that arrives after a sign-out is dropped', async () => {
    const world = await signedIn(storage, 1);
    const { client } = world.tabs[0]!;
    world.now += QUARTER;
    const refreshed = client.refresh();
    await world.run('request authentication/refresh');
    const out = client.signOut();
    await world.run('request authentication');
    await world.run('answer authentication');
    await world.run();
    await Promise.all([refreshed, out]);
    expect(client.session.status).toBe('signed-out');
    expect(world.localStorage.values.size + world.tabs[0]!.sessionStorage.values.size).toBe(0);
  });

  test('a sign-in while a refresh is under way wins', async () => {
    const world = await signedIn(storage, 1);
    const { client } = world.tabs[0]!;
    world.now += QUARTER;
    const refreshed = client.refresh();
    const user = client.signIn(CREDENTIALS);
    await world.run();
    await Promise.all([refreshed, user]);
    expect(client.session).toMatchObject({ status: 'signed-in', user: { id: 'user-s1' } });
  });

  test('a password change keeps the session, also in a refresh that was under way', async () => {
    const world = await signedIn(storage, 1);
    const { client } = world.tabs[0]!;
    world.now += QUARTER;
    const refreshed = client.refresh();
    const changed = client.changePassword({ current: 'x', next: 'y' });
    await world.run();
    await Promise.all([refreshed, changed]);
    world.now += QUARTER;
    const later = client.refresh();
    await world.run();
    expect(await later).toMatchObject({ status: 'signed-in', user: { id: 'user-s0' } });
  });

  test('the lifetime counts from the request, not from an answer on which the page slept', async () => {
    const world = await signedIn(storage, 1);
    const { client } = world.tabs[0]!;
    const start = world.now;
    const refreshed = client.refresh();
    await world.run('request authentication/refresh');
    world.now += 20_000;
    await world.run();
    expect(await refreshed).toMatchObject({ expiresAt: start + 900_000 });
  });
});

describe.each<Storage>(['memory', 'cookie', 'localStorage'])('%s, several tabs', (storage) => {
  test('all refresh at once, and each answer comes in another order', async () => {
    const world = await signedIn(storage, 3);
    world.now += QUARTER;
    const all = world.tabs.map((tab) => tab.client.refresh());
    await world.run('request authentication/refresh');
    await world.run('request authentication/refresh');
    await world.run('request authentication/refresh');
    world.events.reverse();
    await world.run();
    await Promise.all(all);
    expect(statuses(world)).toEqual(['signed-in', 'signed-in', 'signed-in']);
    expect(world.sessions[0]!.ended).toBeUndefined();
  });

  test('a sign-out in one tab reaches the others', async () => {
    const world = await signedIn(storage, 3);
    const out = world.tabs[1]!.client.signOut();
    await world.run();
    await out;
    expect(statuses(world)).toEqual(['signed-out', 'signed-out', 'signed-out']);
  });
});

describe('a tab that slept through a refresh', () => {
  test('takes over what the other tab has stored, and never writes an older token over it', async () => {
    const world = await signedIn('localStorage', 2);
    const [sleeper, other] = world.tabs as [Tab, Tab];
    world.now += QUARTER;
    const late = sleeper.client.refresh();
    await world.run('request authentication/refresh');
    const [held] = world.events.splice(0);
    for (let round = 0; round < 3; round++) {
      const refreshed = other.client.refresh();
      await world.run();
      await refreshed;
      world.now += GRACE + 1000;
    }
    const stored = [...world.localStorage.values.values()];
    held!.run();
    await world.run();
    await late;
    expect([...world.localStorage.values.values()]).toEqual(stored);
    const next = sleeper.client.refresh();
    await world.run();
    expect(await next).toMatchObject({ status: 'signed-in' });
  });
});

test('a refusal of the old session does not end the one that another tab has begun', async () => {
  const world = await signedIn('localStorage', 2);
  const [sleeper, other] = world.tabs as [Tab, Tab];
  const late = sleeper.client.refresh();
  const out = other.client.signOut();
  await world.run('request authentication');
  await world.run('answer authentication');
  await out;
  await world.run('request authentication/refresh');
  // The refusal is under way, and the sleeping tab hears nothing else.
  const refusal = world.events.find((event) => event.what === 'answer authentication/refresh');
  world.events = [];
  const user = other.client.signIn(CREDENTIALS);
  await world.run('request authentication');
  await world.run('answer authentication');
  await user;
  refusal!.run();
  await world.run();
  expect(await late).toMatchObject({ status: 'signed-in', user: { id: 'user-s1' } });
  expect(other.client.session.status).toBe('signed-in');
});

test.each(['https://exa mple.com/x', 'http://', 'https://host:99999/'])(
  'an address that no browser can read is not taken for an address of this page: %s',
  async (address) => {
    const world = await signedIn('memory', 1);
    void world.tabs[0]!.client.fetch(address, { method: 'POST' });
    await new Promise(setImmediate);
    expect(world.events.map(({ what }) => what)).toEqual([`request ${address}`]);
    expect(world.lastHeaders.get('Authorization')).toBeNull();
  },
);

/** A generator of numbers from a seed (mulberry32), so that a failure can be repeated. */
function randomFrom(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/**
 * Forty things happen to three tabs, in any order: calls, requests, answers, lost answers, messages, timers,
 * waking up. No time passes meanwhile, so all is within one grace. Then everything settles, time passes, and
 * each tab still has the session.
 */
async function anyOrder(storage: Storage, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const world = await signedIn(storage, 3);
  for (let round = 0; round < 3; round++) {
    world.now += QUARTER;
    const calls: Promise<unknown>[] = [];
    for (let step = 0; step < 40; step++) {
      const tab = world.tabs[random(3)]!;
      const choice = random(8);
      if (choice === 0) calls.push(tab.client.refresh());
      else if (choice === 1) calls.push(tab.client.token());
      else if (choice === 2) tab.emit('pageshow', { persisted: random(2) === 1 });
      else if (world.events.length > 0) {
        let index = random(world.events.length);
        // The browser has one cookie. If the answers to two tabs change places, it keeps the older one.
        if (storage !== 'localStorage' && world.lose.has(world.events[index]!))
          index = world.events.findIndex((event) => world.lose.has(event));
        const event = world.events.splice(index, 1)[0]!;
        const lose = world.lose.get(event);
        if (lose && random(5) === 0) lose();
        else event.run();
      }
      for (const call of calls) call.catch(() => {});
      await new Promise(setImmediate);
    }
    await world.run();
    await Promise.allSettled(calls);
    // Within the grace, each tab tries again what got lost.
    const settled = Promise.all(world.tabs.map((tab) => tab.client.refresh()));
    await world.run();
    await settled;
  }
  const said = `seed ${seed}`;
  expect(statuses(world), said).toEqual(['signed-in', 'signed-in', 'signed-in']);
  expect(world.sessions.length, said).toBe(1);
  expect(world.sessions[0]!.ended, said).toBeUndefined();
  for (const tab of world.tabs) {
    expect(tab.mostRefreshes, said).toBe(1);
    expect(tab.heard.slice(tab.heard.indexOf('signed-in')), said).not.toContain('signed-out');
  }
}

describe.each<Storage>(['memory', 'cookie', 'localStorage'])('%s, in any order', (storage) => {
  test('three tabs keep the session', async () => {
    for (let seed = 1; seed <= 60; seed++) await anyOrder(storage, seed);
  });
});

// Row 49 of the issue "Promises that hold".
describe('messages between tabs that are none of ours', () => {
  const user = { id: 'u1', username: 'ada', roles: [] };
  const times = { expiresAt: 1e15, dueAt: 1e15, until: 1e15 };
  const FOREIGN = [
    null,
    'signed-in',
    {},
    { until: 1e15 },
    { ...times, session: 's2' },
    { ...times, session: 's2', user: null },
    { ...times, session: 's2', user: {} },
    { ...times, session: 's2', user: { id: 'u1', username: 'ada' } },
    { ...times, session: 's2', user: { ...user, roles: 'admin' } },
    { ...times, user },
    { session: 's2', until: 'soon', expiresAt: 'later', dueAt: 'now', user },
  ];
  test.each(EVERY)('%s: change nothing', async (storage) => {
    for (const data of FOREIGN)
      for (const world of [await signedIn(storage, 1), new World({ storage })]) {
        const tab = world.tabs[0] ?? world.tab();
        await world.run();
        const before = tab.client.session;
        tab.channel?.onmessage?.({ data } as MessageEvent);
        await world.run();
        expect(tab.client.session, JSON.stringify(data)).toEqual(before);
      }
  });
});

test('a function that is subscribed twice and unsubscribed once still hears', async () => {
  const world = new World({ storage: 'memory' });
  const { client } = world.tab();
  await world.run();
  const heard: string[] = [];
  const listener = ({ status }: { status: string }) => void heard.push(status);
  const [stop] = [client.subscribe(listener), client.subscribe(listener)];
  stop();
  heard.length = 0;
  const done = client.signIn(CREDENTIALS);
  await world.run();
  await done;
  expect(heard).toEqual(['signed-in']);
});
