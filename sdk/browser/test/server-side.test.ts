// SPDX-License-Identifier: Apache-2.0
// On a server there is no window. The client can still be made, reports "unknown", and sends requests without
// a session.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { CoatcheckError, createClient, type Session, type Storage } from '../src/index.js';

test('there is no window here', () => expect(typeof document).toBe('undefined'));

test.each<Storage>(['memory', 'cookie', 'localStorage', 'sessionStorage', 'scriptCookie'])(
  '%s: a client can be made, and knows of nobody',
  (storage) => {
    const heard: Session[] = [];
    const auth = createClient({ url: 'http://127.0.0.1:9', storage });
    auth.subscribe((session) => heard.push(session))();
    expect(heard).toEqual([{ status: 'unknown' }]);
    expect(auth.reaches('http://127.0.0.1:9/x')).toBe(true);
    expect(auth.reaches('http://127.0.0.1:10/x')).toBe(false);
    expect(auth.reaches('/relative')).toBe(false);
  },
);

test('a server that does not answer is a network error, and nothing changes', async () => {
  const auth = createClient({ url: 'http://127.0.0.1:9' });
  await expect(auth.ready()).rejects.toThrow(CoatcheckError);
  await expect(auth.signIn({ username: 'a', password: 'b' })).rejects.toMatchObject({
    code: 'network_error',
    status: 0,
    name: 'CoatcheckError',
  });
  expect(auth.session).toEqual({ status: 'unknown' });
});

test('a server that hangs is given up on', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  const auth = createClient({
    url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    timeout: 100,
  });
  await expect(auth.ready()).rejects.toMatchObject({ code: 'network_error' });
  silent.closeAllConnections();
  silent.close();
});

test('a listener that throws disturbs neither the client nor other listeners', async () => {
  const server = createServer((_, answer) => answer.writeHead(401).end('{"code":"refresh_token_missing"}'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const auth = createClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const heard: string[] = [];
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
  auth.subscribe(({ status }) => {
    if (status !== 'unknown') throw new Error('of the application');
  });
  auth.subscribe(({ status }) => heard.push(status));
  await auth.ready();
  expect(heard).toEqual(['unknown', 'signed-out']);
  expect(complaints).toHaveBeenCalledOnce();
  complaints.mockRestore();
  server.closeAllConnections();
  server.close();
});

// Issue 18, row 44: all of these were swallowed, and the origin "null" matched every custom scheme.
test.each([
  'localhost:3000',
  'api.example.com',
  '*',
  'null',
  '/api',
  'data:text/plain,x',
  'capacitor://localhost',
  '',
])('the origin %j is refused', (entry) => {
  expect(() => createClient({ url: 'http://127.0.0.1:9', to: [entry] })).toThrow(`https://…, not ${entry}`);
  const auth = createClient({ url: 'http://127.0.0.1:9' });
  expect(() => auth.attach({ to: [entry] })).toThrow(`https://…, not ${entry}`);
});

test.each(['http://[::1]:8080', 'HTTPS://API.example.com', 'http://localhost:3000/'])(
  'the origin %j is taken',
  (entry) => {
    const auth = createClient({ url: 'http://127.0.0.1:9', to: [entry] });
    expect(auth.reaches(new URL('/x', entry))).toBe(true);
  },
);

test('a text in place of the list of origins is refused', () => {
  expect(() => createClient({ to: 'https://api.example.com' as unknown as string[] })).toThrow(TypeError);
});

test.each(['data:text/plain,x', 'blob:null/1', 'localhost:3000', 'ionic://localhost/x', 'about:blank'])(
  'no address without an origin gets the token: %j',
  (address) => {
    const auth = createClient({ url: 'capacitor://localhost', to: ['https://api.example.com'] });
    expect(auth.reaches(address)).toBe(false);
    expect(auth.reaches('https://api.example.com/x')).toBe(true);
  },
);
