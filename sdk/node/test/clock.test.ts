// SPDX-License-Identifier: Apache-2.0
// Issue 18, row 4: this machine's clock was an hour ahead for half a minute, and the entries that this made
// look old were gone for good.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { LiveVerifier } from '../src/verifier.js';

afterEach(() => vi.useRealTimers());

/** A feed with one revocation, which lasts another quarter of an hour. */
async function feedOf(subject: string): Promise<{ url: string; stop: () => void }> {
  const server = createServer((_, answer) => {
    answer.writeHead(200, { 'Content-Type': 'text/event-stream', Date: new Date().toUTCString() });
    const expires = Math.floor(Date.now() / 1000) + 900;
    answer.write(`data: ${JSON.stringify([{ kind: 'session', subject, expires }])}\nid: e.1\n\n`);
    answer.write('event: synced\ndata: {}\nid: e.1\n\n');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test('a clock that is ahead for a moment makes no revocation forgotten', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'], now: Date.now() });
  const { url, stop } = await feedOf('s1');
  const verifier = new LiveVerifier({ url, serviceKey: 'key', issuer: url, audience: url, cutAfter: 5000 });
  const isRevoked = () =>
    verifier.revocations.judge({ session: 's1', subject: 'u', version: 1n, issued: Date.now() });
  while (!isRevoked()) await new Promise((done) => setTimeout(done, 5));
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(33_000);
  vi.setSystemTime(Date.now() - 3_600_000);
  expect(isRevoked()).toBe('token_revoked');
  verifier.close();
  stop();
});
