// SPDX-License-Identifier: Apache-2.0
// The client holds one session: it finds the session again when the page loads, refreshes its tokens, adds
// them to requests, and signs out.
//
// Tabs need no lock and no leader: if two tabs refresh with the same refresh token at once, the server gives
// both the same successor. The client itself (1) refreshes once at a time in each tab, (2) never writes an
// older token over a newer one, and (3) drops an answer that arrives after a sign-in or sign-out (`epoch`).
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

/** What the page knows. The object is replaced, never changed: compare by identity. */
export type Session =
  | { readonly status: 'unknown' }
  | {
      readonly status: 'signed-out';
      /** The server's code, if the session was ended elsewhere. */
      readonly reason?: string | undefined;
    }
  | {
      readonly status: 'signed-in';
      readonly user: User;
      /**
       * When the access token expires, in milliseconds by this machine's clock. The client refreshes it in
       * time.
       */
      readonly expiresAt: number;
    };

/** A stored value that the client could not use, and so has cleared. */
export interface Discarded {
  /** The key of the storage, or the name of the cookie. */
  key: string;
  reason: 'corrupt' | 'foreign' | 'refused';
}

export interface ClientOptions {
  /** The URL of Coatcheck, such as `https://auth.example.com`. Default: the page's own origin. */
  url?: string;
  storage?: Storage;
  /** Origins that get the token, in addition to the page's own and Coatcheck's. */
  to?: string[];
  /** The page where a user signs in. The default `onSignInRequired` goes there. */
  signInPage?: string;
  /**
   * Called when an API answered 401 and nobody is signed in. `returnTo` is the path of this page, which
   * `returnAddress()` returns after sign-in.
   */
  onSignInRequired?: (returnTo: string) => void;
  /** Called when the client has cleared a stored value that it could not use. */
  onDiscarded?: (discarded: Discarded) => void;
  /** Where an older client of your application left its token. This client takes it over, once. */
  adopt?: Adopt;
  /** The name of the session in storage. Two clients on one page need two names. */
  key?: string;
  /** How long a call to Coatcheck may take, in milliseconds. */
  timeout?: number;
}

export interface Credentials {
  /** The user name, or the e-mail address. */
  username: string;
  password: string;
  /** False: the session ends after 12 hours at most. */
  remember?: boolean;
  /** The name of this browser in the list of sessions. */
  device?: string;
}

interface Abortable {
  signal?: AbortSignal;
}

export interface Client {
  readonly session: Session;
  /** Calls `listener` at once, and on each change. Returns the function that unsubscribes it. */
  subscribe(listener: (session: Session) => void): () => void;
  /**
   * Waits until it is known whether somebody is signed in. Rejects with `network_error` if the server does
   * not answer.
   */
  ready(options?: Abortable): Promise<Session>;
  signIn(credentials: Credentials, options?: Abortable): Promise<User>;
  /** Ends this session, on the server first. If that fails, it rejects, and nothing has changed. */
  signOut(options?: Abortable): Promise<void>;
  signOutEverywhere(options?: Abortable): Promise<void>;
  readonly sessions: {
    list(options?: Abortable): Promise<SessionInfo[]>;
    end(id: string, options?: Abortable): Promise<void>;
  };
  /** `fetch` with the token, to the origins that get it. After a 401 it refreshes and tries once more. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** A fresh access token. Null if nobody is signed in, or if scripts cannot see the token (`cookie`). */
  token(options?: Abortable): Promise<string | null>;
  /** Refreshes now. Rejects only if the server neither refreshed the session nor ended it. */
  refresh(options?: Abortable): Promise<Session>;
  /**
   * Adds the token to requests by the page's own `fetch` and `XMLHttpRequest`, and so by all libraries that
   * use them. Returns the function that undoes it.
   */
  attach(options: AttachOptions): () => void;
  /** True if requests to this address get the token. */
  reaches(url: string | URL): boolean;
  /**
   * For adapters: the headers to add to a request. Empty if the address does not get the token, or nobody is
   * signed in.
   */
  headersFor(url: string | URL, method?: string, options?: Abortable): Promise<Record<string, string>>;
  /**
   * For adapters: call it after a 401 for a request with these headers. True: headersFor() now returns newer
   * ones, so try again. If nobody is signed in any more, calls `onSignInRequired`.
   */
  refused(headers: Record<string, string>, options?: Abortable): Promise<boolean>;
  /** For adapters: true if requests to other origins must send cookies. */
  readonly withCredentials: boolean;
  /** Where the user was before sign-in: a path of this origin, or `/` if the address names none. */
  returnAddress(): string;
}

const inBrowser = typeof document === 'object';
/** True if this refusal of a refresh ends the session. All others (403, 429, 5xx, no answer) do not. */
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
  /** True if the session is stored where scripts can read it, so that cookies play no part. */
  const byScript = inBrowser && !byCookie && storage !== 'memory';
  const origins = new Set([url, here, ...to].map(originOf));
  // Captured now: after attach(), the global fetch calls this client.
  const send = fetch.bind(globalThis);
  const call = caller(`${url}/api/v1/`, send, timeout);

  let session: Session = { status: 'unknown' };
  let place: Place | undefined;
  let held: Kept | undefined;
  let epoch = 0;
  let finding: Promise<void> | undefined;
  let refreshing: Promise<Session> | undefined;
  let timer: unknown;
  /** The user for whom headersNow() made these headers. */
  const owners = new WeakMap<object, string | undefined>();
  const isKnown = () => session.status !== 'unknown';
  const listeners = new Set<(session: Session) => void>();

  // ---- State, in this tab and in others

  function become(next: Kept | undefined, reason?: string): Session {
    if (next?.session !== held?.session) epoch++;
    held = next;
    // The browser sends the cookie with images and downloads, without this client. So the client keeps the
    // cookie fresh while the page is visible.
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

  /** As become(), and writes the session to the storage, for the next load. */
  function store(next: Kept | undefined, reason?: string): Session {
    if (next) place?.write(JSON.stringify(next), next.refresh ? next.until : next.expiresAt);
    else place?.clear();
    return become(next, reason);
  }

  /** As store(), and tells the other tabs. */
  function keep(next: Kept | undefined, reason?: string): Session {
    // The message holds tokens only if each tab has a storage of its own.
    channel?.postMessage({
      ...(next ?? held),
      ...(storage !== 'sessionStorage' && { token: undefined, refresh: undefined }),
      until: next?.until,
    });
    return store(next, reason);
  }

  /**
   * Takes over what another tab wrote into the shared storage. Does nothing before find() has checked that
   * the stored session is ours.
   */
  function reread(): void {
    if (!place || !isKnown()) return;
    const found = parseKept(place.read());
    if (found ? found.token !== held?.token : held) become(found);
  }

  const channel = inBrowser ? attempt(() => new BroadcastChannel(key)) : undefined;
  if (channel) {
    channel.onmessage = ({ data: told }: { data: Kept }) => {
      // The stored value may arrive later than the message about it.
      if (byScript && storage !== 'sessionStorage') return void setTimeout(reread, 40);
      const isOurs = held && told.session === held.session;
      const next = told.until ? told : undefined;
      // If each tab has a storage of its own, a tab follows only messages about its own session. Two tabs
      // have the same session after a tab was duplicated.
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
    // If the refresh token is in a cookie, only the server knows whether there is a session. A session that
    // was found in storage stays until the server refuses it.
    if (!byScript || isDue())
      await refresh().catch((error) => {
        if (!byScript) throw error;
      });
  }

  async function findKept(): Promise<Kept | undefined> {
    const text = place!.read();
    if (text === null) return;
    const found = parseKept(text);
    // If the server does not answer, the session is kept until it does.
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
    // Another tab was faster. Or the session was adopted without a refresh token: it lasts until its token
    // expires, which reread() notices.
    if (byScript && (held !== before || !sent)) return session;
    const at = epoch;
    try {
      const next = await kept(
        call<Answer>('POST', 'authentication/refresh', { body: { refresh_token: sent }, cookies: !sent }),
      );
      if (at !== epoch) return session;
      // The page may have been suspended before the answer came. So newer values in storage stay, and so does
      // a sign-out in another tab.
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
      if (held?.refresh !== sent) return session; // the refused token was an older one
      const code = held && (error as CoatcheckError).code;
      if (code === 'refresh_token_missing') diagnose(code);
      return keep(undefined, code);
    }
  }

  // ---- Requests

  const reaches = (address: string | URL) => origins.has(originOf(address) ?? '');
  const isFresh = () => isKnown() && !isDue();

  /**
   * Finds the session, and refreshes it if that is due. Returns the error if that failed and no access token
   * is still valid.
   */
  async function prepare(signal?: AbortSignal | null): Promise<unknown> {
    const user = held?.user.id;
    try {
      await orAborted(known(), signal);
      if (!isFresh()) await orAborted(refresh(), signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(held && Date.now() < held.expiresAt && (held.token || byCookie))) return error;
    }
    // A request that one user started must not be sent in another user's name.
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

  /** Call it after a 401. True: there is something newer of the same user to send, so try again. */
  async function refused(sent: Record<string, string>, signal?: AbortSignal | null): Promise<boolean> {
    const isCurrent = () => sent.Authorization === headersNow('').Authorization;
    const before = held;
    // If the refresh gets no answer, the caller keeps the API's 401.
    if (held && (isCurrent() || isDue()))
      await orAborted(refresh(), signal).catch(() => signal?.throwIfAborted());
    if (session.status === 'signed-out' && inBrowser)
      onSignInRequired(location.pathname + location.search + location.hash);
    return !!held && !isDue() && held.user.id === owners.get(sent) && (held !== before || !isCurrent());
  }

  async function authFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    // Copied now, because the caller may change them while this function waits: it must send what it has
    // judged.
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
      // After a redirect to another origin, the browser removes `Authorization` (Fetch §4.4, HTTP-redirect
      // fetch).
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
    // The first attempt has consumed a stream, so it cannot be sent again.
    return (await refused(sent, signal)) && !(asked.body instanceof ReadableStream)
      ? attemptWith(headersNow(method))
      : answer;
  }

  /** Calls a route of Coatcheck that needs the token. */
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

  /** Ends this session after `act`, unless another session has begun meanwhile. */
  async function ending(act: () => Promise<unknown>): Promise<void> {
    const before = held?.session;
    await act();
    if (held?.session === before) keep(undefined);
  }

  // ---- The page

  function wake({ persisted }: { persisted?: boolean }): void {
    if (document.hidden) return;
    reread();
    // A page in the back/forward cache does not receive the messages of other tabs.
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
      await Promise.allSettled([finding, refreshing]); // their cookie must not replace the new one
      const delivery = byScript ? 'body' : byCookie ? 'cookie' : 'hybrid';
      // Sends cookies in each mode, so that the server clears those of another delivery.
      const next = await kept(
        call<Answer>('POST', 'authentication', { body: { ...credentials, delivery }, cookies: true, signal }),
      );
      epoch++; // drops the answers to calls that began meanwhile
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
      // Parsed as the browser does it: "//host" and "/\\host" lead to another host.
      const asked = attempt(() => new URL(new URL(location.href).searchParams.get('return_to') ?? '/', here));
      return asked?.origin === here ? asked.pathname.replace(/^\/+/, '/') + asked.search + asked.hash : '/';
    },
  };
}
