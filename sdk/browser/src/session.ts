// SPDX-License-Identifier: Apache-2.0
// The state of one client, and the listeners that hear of its changes.
import { attempt, type Kept, type Place } from './keeping.js';
import type { Core } from './core.js';
import type { Page } from './page.js';
import type { ClientOptions, Discarded, Session, Storage } from './types.js';

/** All that a client knows: its settings, which stay, and the state of its session. */
export interface State
  extends Pick<ClientOptions, 'adopt' | 'onSignInRequired' | 'signInPage' | 'timeout' | 'watchSession'> {
  readonly page: Page;
  /** The functions that parts which are loaded on demand call. */
  readonly core: Core;
  readonly url: string;
  /** The name of the session in the storage, and of the channel between tabs. */
  readonly key: string;
  readonly storage: Storage;
  /** True if both tokens are in HttpOnly cookies. */
  readonly byCookie: boolean;
  /** True if the session is stored where scripts can read it, so that cookies play no part. */
  readonly byScript: boolean;
  /** The origins that get the token. */
  readonly origins: Set<string | undefined>;
  readonly onDiscarded: (discarded: Discarded) => void;
  /** The page's own `fetch`, also after attach() has replaced it. */
  readonly pageFetch: typeof fetch;

  /** What the application sees. Replaced, never changed. */
  shown: Session;
  /** What the session consists of. Undefined if nobody is signed in, or while that is unknown. */
  held?: Kept | undefined;
  /**
   * Grows when another session begins and when one ends. The answer to a call of an earlier epoch is dropped.
   */
  epoch: number;
  /** Where scripts can store the session, if it is stored there. */
  place?: Place;
  /** The search for the session, while it runs. */
  finding?: Promise<void> | undefined;
  /** The refresh, while it runs: one at a time in each tab. */
  refreshing?: Promise<Session> | undefined;
  /** Opens or closes the event stream, as the page and the session want it (events.ts). */
  look?: () => void;
  channel?: Pick<BroadcastChannel, 'postMessage' | 'onmessage'> | undefined;
  readonly listeners: Set<(session: Session) => void>;
}

/** An address as the page resolves it. */
export const resolved = (page: Page, address: string | URL) =>
  attempt(() => new URL(address, page.document?.baseURI));

export const originOf = (page: Page, address: string | URL) => resolved(page, address)?.origin;

/** An entry of a list of origins. Throws for a bare host, `*`, and anything else that names no origin. */
export function listed(entry: string): string {
  if (!/^http/.test(attempt(() => new URL(entry).origin)!)) throw new TypeError(`https://…, not ${entry}`);
  return entry;
}

export function unknownSession(page: Page, options: ClientOptions, core: Core): State {
  const { storage = 'memory', to = [], onDiscarded = console.warn } = options;
  const here = page.document ? page.location!.origin : '';
  const url = (options.url ?? here).replace(/\/+$/, '');
  const byCookie = storage === 'cookie';
  return {
    ...options,
    page,
    core,
    url,
    key: options.key ?? `coatcheck-${url.replace(/^\w+:|\W/g, '')}`,
    storage,
    byCookie,
    byScript: !!page.document && !byCookie && storage !== 'memory',
    origins: new Set([url, here, ...to.map(listed)].map((entry) => originOf(page, entry))),
    onDiscarded,
    pageFetch: page.fetch.bind(page),
    shown: { status: 'unknown' },
    epoch: 0,
    listeners: new Set(),
  };
}

/** This machine's time, in milliseconds. */
export const now = (state: State) => state.page.Date.now();
export const isKnown = (state: State) => state.shown.status !== 'unknown';

/** Calls `listener` at once, and on each change. Returns the function that unsubscribes it. */
export function subscribe(state: State, listener: (session: Session) => void): () => void {
  // An entry of its own, because an application may subscribe one function twice.
  const entry: typeof listener = (session) => listener(session);
  state.listeners.add(entry);
  listener(state.shown);
  return () => state.listeners.delete(entry);
}

/** From now on the session is `next`; if that is undefined, nobody is signed in. */
export function become(state: State, next?: Kept, reason?: string): Session {
  if (next?.session !== state.held?.session) state.epoch++;
  state.held = next;
  const shown: Session = next
    ? { status: 'signed-in', user: next.user, expiresAt: next.expiresAt }
    : { status: 'signed-out', reason };
  if (JSON.stringify(shown) !== JSON.stringify(state.shown)) {
    state.shown = shown;
    state.listeners.forEach((listener) =>
      attempt(() => listener(shown), state.page.reportError ?? console.error),
    );
  }
  return state.shown;
}

/** As become(), and writes the session to the storage, for the next load. */
export function store(state: State, next?: Kept, reason?: string): Session {
  if (next) state.place?.write(JSON.stringify(next), next.refresh ? next.until : next.expiresAt);
  else state.place?.clear();
  return become(state, next, reason);
}
