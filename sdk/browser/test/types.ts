// SPDX-License-Identifier: Apache-2.0
// This file is compiled but not run: it shows what the types promise, and what they refuse.
import { attachAxios } from '../src/axios.js';
import { type Client, CoatcheckError, createClient, type Session, type User } from '../src/index.js';
import { coatcheckBaseQuery, coatcheckMiddleware, loadToken, sessionSlice } from '../src/redux.js';
import type { useSession, useUser } from '../src/react.js';
import { configureStore } from '@reduxjs/toolkit';
import { useSyncExternalStore } from 'react';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>) => {};

export async function check(auth: Client): Promise<void> {
  createClient();
  createClient({
    url: 'https://id.example',
    storage: 'localStorage',
    to: ['https://api.example'],
    adopt: { cookie: 'Token' },
  });
  // @ts-expect-error there is no such storage
  createClient({ storage: 'disk' });
  // @ts-expect-error one place to adopt from must be named
  createClient({ adopt: {} });
  // @ts-expect-error a password is needed
  await auth.signIn({ username: 'ada' });
  // @ts-expect-error a page cannot set the session
  auth.session = { status: 'unknown' };

  const user: User = await auth.signIn(
    { username: 'ada', password: 'x', remember: false },
    { signal: AbortSignal.timeout(1) },
  );
  same<typeof user.roles, string[]>(true);
  if (auth.session.status === 'signed-in') same<typeof auth.session.user, User>(true);
  // @ts-expect-error there may be no user
  auth.session.user;
  same<Awaited<ReturnType<Client['token']>>, string | null>(true);
  const asFetch: typeof fetch = auth.fetch;
  void asFetch;

  const code: string = new CoatcheckError('network_error', 'x').code;
  void code;
  const stop: () => void = auth.attach({ fetch: true, xhr: true, to: ['https://api.example'] });
  stop();

  same<ReturnType<typeof useUser>, User | null>(true);
  same<ReturnType<typeof useSession>, Session>(true);
  useSyncExternalStore(auth.subscribe, () => auth.session);

  const store = configureStore({
    reducer: { session: sessionSlice.reducer },
    middleware: (standard) => standard().concat(coatcheckMiddleware(auth)),
  });
  store.dispatch(loadToken());
  same<ReturnType<typeof store.getState>['session']['token'], string | null>(true);
  void coatcheckBaseQuery(auth, { baseUrl: '/api' })('/posts', { signal: new AbortController().signal });
  void attachAxios;
}
