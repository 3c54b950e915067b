// SPDX-License-Identifier: Apache-2.0
// The client: one session, found again on load, kept fresh, sent along, and taken back.
//
// No lock and no leader among tabs: the server answers repeated use of one refresh token with the same successor, so two
// tabs that refresh at once both win. What is left to do here is (1) one refresh at a time in a tab, (2) never to write
// an older token over a newer one, and (3) to drop an answer that arrives after a sign-in or sign-out (`epoch`).
import type { Adopt } from './adopt.js';
import { attachTo, type AttachOptions } from './attach.js';
import { CoatcheckError } from './errors.js';
import { attempt, claimsOf, kept, type Kept, parseKept, type Place, placeOf } from './keeping.js';
import { caller, orAborted, read } from './server.js';
import type { Answer, SessionInfo, User } from './wire.js';

export type Storage =
  | 'memory' // the access token in this page's memory, the refresh token in an HttpOnly cookie
  | 'cookie' // both in HttpOnly cookies
  | 'localStorage'
  | 'sessionStorage'
  | 'scriptCookie'; // one cookie that scripts can read

/** What the page knows. Replaced, never changed: compare by identity. */
export type Session =
  | { readonly status: 'unknown' }
  | {
      readonly status: 'signed-out' /** The server's code where the session was ended elsewhere. */;
      readonly reason?: string | undefined;
    }
  | {
      readonly status: 'signed-in';
      readonly user: User;
      /** When the access token expires, in milliseconds by this machine's clock. It is refreshed by itself. */
      readonly expiresAt: number;
    };

/** Something that was found where the session is kept, and cleared because it could not be used. */
export interface Discarded {
  /** The key or cookie that it was found in. */
  key: string;
  reason: 'corrupt' | 'foreign' | 'refused';
}

export interface ClientOptions {
  /** Where Coatcheck answers, such as `https://auth.example.com`; the page's own origin if left out. */
  url?: string;
  storage?: Storage;
  /** Origins that get the token, besides the page's own and Coatcheck's. */
  to?: string[];
  /** Where a user signs in. The default `onSignInRequired` goes there. */
  signInPage?: string;
  /**
   * Called when an API said 401 and nobody is signed in. `returnTo` is the path of this page, which `returnAddress()` gives
   * back after sign-in.
   */
  onSignInRequired?: (returnTo: string) => void;
  /** Told of whatever was found in storage and cleared. */
  onDiscarded?: (discarded: Discarded) => void;
  /** A token that an older client of yours left behind, to be taken over once. */
  adopt?: Adopt;
  /** The name of the session in storage; two clients of one page need two. */
  key?: string;
  /** Milliseconds that a call to Coatcheck may take. */
  timeout?: number;
}

export interface Credentials {
  /** The name or the e-mail address. */
  username: string;
  password: string;
  /** False: the session ends after 12 hours at most. */
  remember?: boolean;
  /** What the list of sessions calls this browser. */
  device?: string;
}

interface Abortable {
  signal?: AbortSignal;
}

export interface Client {
  readonly session: Session;
  /** Calls at once, and on each change; gives the function that ends it. */
  subscribe(listener: (session: Session) => void): () => void;
  /** Waits until it is known whether somebody is signed in. Rejects with `network_error` where the server cannot be asked. */
  ready(options?: Abortable): Promise<Session>;
  signIn(credentials: Credentials, options?: Abortable): Promise<User>;
  /** Ends this session, on the server first: if that fails, it throws and nothing has changed. */
  signOut(options?: Abortable): Promise<void>;
  signOutEverywhere(options?: Abortable): Promise<void>;
  readonly sessions: {
    list(options?: Abortable): Promise<SessionInfo[]>;
    end(id: string, options?: Abortable): Promise<void>;
  };
  /** `fetch` with the token, to the origins that may have it; after a 401 one refresh and one more attempt. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** An access token that is good for a while; null where nobody is signed in or scripts have none (`cookie`). */
  token(options?: Abortable): Promise<string | null>;
  /** Refreshes now. Rejects only if the server did not say yes or no. */
  refresh(options?: Abortable): Promise<Session>;
  /** Covers the page's own `fetch` and `XMLHttpRequest`, and so what is built on them; gives the function that undoes it. */
  attach(options: AttachOptions): () => void;
  /** True for an address that gets the token. */
  reaches(url: string | URL): boolean;
  /** For adapters: what to add to a request. Nothing where it does not go to a listed origin, or nobody is signed in. */
  headersFor(url: string | URL, method?: string, options?: Abortable): Promise<Record<string, string>>;
  /** For adapters, after a 401 for those headers: true if headersFor() has newer ones now; else sign-in is required. */
  refused(headers: Record<string, string>, options?: Abortable): Promise<boolean>;
  /** For adapters: whether cookies have to go along to other origins. */
  readonly withCredentials: boolean;
  /** Where the user was before sign-in: a path of this origin, `/` if the address names none. */
  returnAddress(): string;
}

const inBrowser = typeof document === 'object';
/** The answers by which a refresh ends a session. Everything else (403, 429, 5xx, no answer) changes nothing. */
const endsSession = (error: unknown) => /^(session_|refresh_)/.test((error as CoatcheckError).code);
const isSafe = (method: string) => /^(get|head|options)$/i.test(method);
const originOf = (address: string | URL) =>
  attempt(() => new URL(address, inBrowser ? document.baseURI : undefined).origin);

const ignore = () => {};
const seldom = () => import('./more.js');

export function createClient(options: ClientOptions = {}): Client {
  const {
    storage = 'memory',
    to = [],
    timeout = 15_000,
    adopt,
    onDiscarded: discard = (discarded) => console.warn(discarded),
    onSignInRequired = (returnTo) =>
      void seldom().then((more) => more.goToSignIn(options.signInPage, returnTo), ignore),
  } = options;
  const here = inBrowser ? location.origin : '';
  const url = (options.url ?? here).replace(/\/+$/, '');
  const key = options.key ?? `coatcheck-${url.replace(/^\w+:|\W/g, '')}`;
  const byCookie = storage === 'cookie';
  /** Whether it is kept where scripts read it, and so comes and goes by scripts alone. */
  const byScript = inBrowser && !byCookie && storage !== 'memory';
  const origins = new Set([url, here, ...to].map(originOf));
  // Captured, so that attach() does not make us call ourselves.
  const send = fetch.bind(globalThis);
  const call = caller(`${url}/api/v1/`, send, timeout);

  let session: Session = { status: 'unknown' };
  let place: Place | undefined;
  let held: Kept | undefined;
  let epoch = 0;
  let finding: Promise<void> | undefined;
  let refreshing: Promise<Session> | undefined;
  let timer: unknown;
  /** Whose headers those are that headersNow() gave. */
  const owners = new WeakMap<object, string | undefined>();
  const isKnown = () => session.status !== 'unknown';
  const listeners = new Set<(session: Session) => void>();

  // ---- State, in this tab and in others

  function become(next: Kept | undefined, reason?: string): Session {
    if (next?.session !== held?.session) epoch++;
    held = next;
    // Images and downloads take the cookie along, and nothing of ours sees them go: it is kept good while the page is seen.
    clearTimeout(timer as number);
    if (byCookie && next) timer = setTimeout(wake, next.dueAt - Date.now() + 99, {});
    const now: Session = next
      ? { status: 'signed-in', user: next.user, expiresAt: next.expiresAt }
      : { status: 'signed-out', reason };
    if (JSON.stringify(now) !== JSON.stringify(session)) {
      session = now;
      listeners.forEach((listener) => attempt(() => listener(now), reportError));
    }
    return session;
  }

  /** The same, for the next load too. */
  function store(next: Kept | undefined, reason?: string): Session {
    if (next) place?.write(JSON.stringify(next), next.refresh ? next.until : next.expiresAt);
    else place?.clear();
    return become(next, reason);
  }

  /** The same, for the other tabs too. */
  function keep(next: Kept | undefined, reason?: string): Session {
    // Tokens go along only where each tab has a storage of its own.
    channel?.postMessage({
      ...(next ?? held),
      ...(storage !== 'sessionStorage' && { token: undefined, refresh: undefined }),
      until: next?.until,
    });
    return store(next, reason);
  }

  /** Takes up what another tab left in the storage that both share, once find() has seen to it that it is ours. */
  function reread(): void {
    if (!place || !isKnown()) return;
    const found = parseKept(place.read());
    if (found ? found.token !== held?.token : held) become(found);
  }

  const channel = inBrowser ? attempt(() => new BroadcastChannel(key)) : undefined;
  if (channel) {
    channel.onmessage = ({ data: told }: { data: Kept }) => {
      // What another tab wrote may come after its word.
      if (byScript && storage !== 'sessionStorage') return void setTimeout(reread, 40);
      const isOurs = held && told.session === held.session;
      const next = told.until ? told : undefined;
      // A storage of this tab alone follows its own session only: where the tab was duplicated, two of them hold it.
      if (next && !byScript ? byCookie || !isOurs : isOurs) store(next);
    };
  }

  // ---- Finding the session again

  async function known(): Promise<void> {
    if (!isKnown()) await (finding ??= find().finally(() => (finding = undefined)));
  }

  async function find(): Promise<void> {
    const at = epoch;
    if (byScript) {
      place ??= placeOf(
        storage === 'scriptCookie' ? (await seldom()).scriptCookies() : attempt(() => window[storage]),
        key,
      );
      let found = await findKept();
      if (!found && adopt) {
        found = await (await seldom()).adoptFrom(adopt, { call, attempt, claimsOf, kept, placeOf, discard });
        if (found && at === epoch) keep(found);
      }
      if (at !== epoch) return;
      become(found);
    }
    // Behind cookies there may be a session that only the server can tell of. What was found stays kept until it says no.
    if (!byScript || isDue())
      await refresh().catch((error) => {
        if (!byScript) throw error;
      });
  }

  async function findKept(): Promise<Kept | undefined> {
    const text = place!.read();
    if (text === null) return;
    const found = parseKept(text);
    // Where the server cannot be asked, the session is kept until it can.
    const server =
      found &&
      (await call<{ issuer: string }>('GET', '../../.well-known/oauth-authorization-server').catch(ignore));
    if (found && (!server?.issuer || server.issuer === claimsOf(found.token)!.iss))
      return parseKept(place!.read()); // another tab may have refreshed
    if (place!.read() === text) place!.clear(); // unless it was replaced meanwhile
    discard({ key, reason: found ? 'foreign' : 'corrupt' });
    return;
  }

  // ---- Refresh

  const isDue = () => held && ((!held.token && !byCookie) || Date.now() >= held.dueAt);

  const refresh = (): Promise<Session> =>
    (refreshing ??= refreshOnce().finally(() => (refreshing = undefined)));

  async function refreshOnce(): Promise<Session> {
    const before = held;
    reread();
    const sent = held?.refresh;
    // Another tab was faster; or it was adopted without a refresh token, is good until it expires, and reread() sees that.
    if (byScript && (held !== before || !sent)) return session;
    const at = epoch;
    try {
      const next = await kept(
        call<Answer>('POST', 'authentication/refresh', { body: { refresh_token: sent }, cookies: !sent }),
      );
      if (at !== epoch) return session;
      // This page may have slept on the answer: what is newer in storage stays, and a sign-out elsewhere counts.
      reread();
      if (byScript && held !== before && (!held || held.refresh !== sent)) return session;
      return keep(next);
    } catch (error) {
      if (at !== epoch) return session;
      if (!endsSession(error)) {
        diagnose('network_error');
        throw error;
      }
      reread();
      if (held?.refresh !== sent) return session; // that was an old one
      const code = held && (error as CoatcheckError).code;
      if (code === 'refresh_token_missing') diagnose(code);
      return keep(undefined, code);
    }
  }

  // ---- Requests

  const reaches = (address: string | URL) => origins.has(originOf(address) ?? '');
  const isFresh = () => isKnown() && !isDue();

  /** Finds the session, and refreshes it where that is due. Gives what went wrong, if there is nothing good to send. */
  async function prepare(signal?: AbortSignal | null): Promise<unknown> {
    const user = held?.user.id;
    try {
      await orAborted(known(), signal);
      if (!isFresh()) await orAborted(refresh(), signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(held && Date.now() < held.expiresAt && (held.token || byCookie))) return error;
    }
    // What one user asked for is not done in another's name.
    if (user && held && held.user.id !== user) throw new CoatcheckError('user_changed');
    return;
  }

  function headersNow(method: string): Record<string, string> {
    const headers: Record<string, string> = held?.token
      ? { Authorization: `Bearer ${held.token}` }
      : held && byCookie && !isSafe(method)
        ? { 'X-Coatcheck': '1' }
        : {};
    owners.set(headers, held?.user.id);
    return headers;
  }

  /** After a 401: true if there is something newer to send, of the same user. */
  async function refused(sent: Record<string, string>, signal?: AbortSignal | null): Promise<boolean> {
    const isCurrent = () => sent.Authorization === headersNow('').Authorization;
    const before = held;
    // A refresh that finds no network leaves the API's answer standing.
    if (held && (isCurrent() || isDue()))
      await orAborted(refresh(), signal).catch(() => signal?.throwIfAborted());
    if (session.status === 'signed-out' && inBrowser)
      onSignInRequired(location.pathname + location.search + location.hash);
    return !!held && !isDue() && held.user.id === owners.get(sent) && (held !== before || !isCurrent());
  }

  async function authFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    // As they are now: what is judged is what is sent, whatever becomes of them while this waits.
    const request = (input as Request).url ? (input as Request) : undefined;
    const address = request?.url ?? `${input}`;
    const asked = { ...init };
    const given = new Headers(asked.headers ?? request?.headers);
    if (!reaches(address) || given.has('Authorization')) return send(input, init);
    const method = asked.method ?? request?.method ?? 'GET';
    const signal = asked.signal ?? request?.signal;
    const trouble = await prepare(signal);
    const attemptWith = (more: Record<string, string>) => {
      const headers = new Headers(given);
      for (const name in more) headers.set(name, more[name]!);
      // Where it is redirected to another origin the browser takes `Authorization` away (Fetch §4.4, HTTP-redirect fetch).
      return send(request?.clone() ?? address, {
        ...asked,
        headers,
        ...(byCookie && { credentials: 'include' }),
      });
    };
    const sent = headersNow(method);
    const answer = await attemptWith(sent);
    if (answer.status !== 401) return answer;
    if (trouble) throw trouble;
    if (sent.Authorization && answer.headers.get('WWW-Authenticate')?.includes('"token_missing"'))
      diagnose('token_missing');
    // A stream was read by the first attempt.
    return (await refused(sent, signal)) && !(asked.body instanceof ReadableStream)
      ? attemptWith(headersNow(method))
      : answer;
  }

  /** A protected route of Coatcheck. */
  const own = async <T>(method: string, path: string, { signal }: Abortable = {}): Promise<T> =>
    read(
      await authFetch(`${url}/api/v1/${path}`, {
        method,
        signal: signal ?? null,
        credentials: byScript ? 'omit' : 'include',
      }),
    );

  function diagnose(code: string): void {
    if (/\/(localhost|127\.)/.test(here))
      seldom().then((more) => more.diagnose(send, url, code, storage), ignore);
  }

  /** Ends this session, if it is the one that is on now: another may begin while the server is asked. */
  async function ending(act: () => Promise<unknown>): Promise<void> {
    const before = held?.session;
    await act();
    if (held?.session === before) keep(undefined);
  }

  // ---- The page

  function wake({ persisted }: { persisted?: boolean }): void {
    if (document.hidden) return;
    reread();
    // Out of the back/forward cache: what other tabs told meanwhile was not heard.
    if (!isKnown()) known().catch(ignore);
    else if (isDue() || (persisted && !byScript)) refresh().catch(ignore);
  }

  if (inBrowser) {
    document.addEventListener('visibilitychange', wake as EventListener);
    for (const name of ['online', 'pageshow', 'storage']) addEventListener(name, wake as EventListener);
    known().catch(ignore);
  }

  return {
    get session() {
      return session;
    },
    subscribe(listener) {
      listeners.add(listener);
      listener(session);
      return () => void listeners.delete(listener);
    },
    async ready({ signal } = {}) {
      await orAborted(known(), signal);
      return session;
    },
    async signIn(credentials, { signal } = {}) {
      await Promise.allSettled([finding, refreshing]); // its cookie must not come after the new one
      const delivery = byScript ? 'body' : byCookie ? 'cookie' : 'hybrid';
      // With cookies in each mode: those that another delivery left behind are cleared.
      const next = await kept(
        call<Answer>('POST', 'authentication', { body: { ...credentials, delivery }, cookies: true, signal }),
      );
      epoch++; // what began meanwhile no longer counts
      keep(next);
      return next.user;
    },
    async signOut({ signal } = {}) {
      await known().catch(ignore);
      reread();
      if (held || !byScript)
        await ending(() =>
          call('DELETE', 'authentication', {
            body: { refresh_token: held?.refresh },
            token: held?.token,
            cookies: !byScript,
            signal,
          }),
        );
    },
    signOutEverywhere: (options) => ending(() => own('DELETE', 'sessions', options)),
    sessions: {
      list: async (options) => (await own<{ sessions: SessionInfo[] }>('GET', 'sessions', options)).sessions,
      async end(id, options) {
        await own('DELETE', `sessions/${encodeURIComponent(id)}`, options);
        if (id === held?.session) keep(undefined);
      },
    },
    fetch: authFetch,
    async token({ signal } = {}) {
      const trouble = await prepare(signal);
      if (trouble) throw trouble;
      return held?.token ?? null;
    },
    async refresh({ signal } = {}) {
      await orAborted(known(), signal);
      return held ? orAborted(refresh(), signal) : session;
    },
    attach({ to = [], ...what }) {
      for (const origin of to) origins.add(originOf(origin));
      return attachTo(what, { reaches, fetch: authFetch, byCookie, isFresh, prepare, headersNow, refused });
    },
    reaches,
    async headersFor(address, method = 'GET', { signal } = {}) {
      if (!reaches(address)) return {};
      await prepare(signal);
      return headersNow(method);
    },
    refused: (headers, { signal } = {}) => refused(headers, signal),
    withCredentials: byCookie,
    returnAddress() {
      // As the browser will read it: "//host" and "/\\host" lead elsewhere.
      const asked = attempt(() => new URL(new URL(location.href).searchParams.get('return_to') ?? '/', here));
      return asked?.origin === here ? asked.pathname.replace(/^\/+/, '/') + asked.search + asked.hash : '/';
    },
  };
}
