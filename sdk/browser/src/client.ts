// SPDX-License-Identifier: Apache-2.0
// The client holds one session: it finds the session again when the page loads, refreshes its tokens, adds
// them to requests, and signs out. Here its parts are put together, and a user signs in and out.
import { attachTo } from './attach.js';
import { core } from './core.js';
import { ignore, kept } from './keeping.js';
import { type Page, returnAddressOf } from './page.js';
import { loadMore } from './load-more.js';
import { known, refresh } from './refresh.js';
import { authFetch, headersNow, prepare, reaches, refused } from './requests.js';
import { callServer, orAborted } from './server.js';
import { now, subscribe, unknownSession } from './session.js';
import { follow, keep, reread } from './tabs.js';
import type { Client, ClientOptions } from './types.js';
import { watch } from './wake.js';
import type { Answer } from './wire.js';

export const createClient = (options: ClientOptions = {}): Client => clientIn(globalThis, options);

/** As createClient(), in a page that is given. */
export function clientIn(page: Page, options: ClientOptions): Client {
  const state = unknownSession(page, options, core);
  const { byCookie, byScript } = state;
  if (page.document) {
    follow(state);
    watch(state);
  }
  return {
    get session() {
      return state.shown;
    },
    subscribe: (listener) => subscribe(state, listener),
    async ready(options) {
      await orAborted(known(state), options);
      return state.shown;
    },
    async signIn(credentials, options) {
      await Promise.allSettled([state.finding, state.refreshing]); // their cookie must not replace the new one
      const delivery = byScript ? 'body' : byCookie ? 'cookie' : 'hybrid';
      // Sends cookies in each mode, so that the server clears those of another delivery.
      const next = await kept(
        callServer<Answer>(state, 'POST', 'authentication', {
          ...options,
          body: { ...credentials, delivery },
          cookies: true,
        }),
        now(state),
      );
      state.epoch++; // drops the answers to calls that began meanwhile
      keep(state, next);
      return next.user;
    },
    async signOut(options) {
      await known(state).catch(ignore);
      reread(state);
      const { held } = state;
      if (!held && byScript) return;
      await callServer(state, 'DELETE', 'authentication', {
        ...options,
        body: { refresh_token: held?.refresh },
        token: held?.token,
        cookies: !byScript,
      });
      if (state.held?.session === held?.session) keep(state); // no other has begun meanwhile
    },
    signOutEverywhere: async (options) => (await loadMore()).endAllSessions(state, options),
    sessions: {
      list: async (options) => (await loadMore()).listSessions(state, options),
      end: async (id, options) => (await loadMore()).endSession(state, id, options),
    },
    changePassword: async (passwords, options) =>
      (await loadMore()).changePassword(state, passwords, options),
    fetch: (input, init) => authFetch(state, input, init),
    async token(options) {
      const trouble = await prepare(state, options);
      if (trouble) throw trouble;
      return state.held?.token ?? null;
    },
    async refresh(options) {
      await orAborted(known(state), options);
      return state.held ? orAborted(refresh(state), options) : state.shown;
    },
    attach: (options) => attachTo(state, options),
    reaches: (address) => reaches(state, address),
    async headersFor(address, method = 'GET', options) {
      if (!reaches(state, address)) return {};
      await prepare(state, options);
      return headersNow(state, method);
    },
    refused: (headers, options) => refused(state, headers, options),
    withCredentials: byCookie,
    returnAddress: () => returnAddressOf(page),
  };
}
