// SPDX-License-Identifier: Apache-2.0
// Adds the token to requests: to those by the client's own `fetch`, and to those of libraries, through
// adapters. After a 401 it refreshes, and tries once more.
import { CoatcheckError } from './errors.js';
import { isDue, known, refresh } from './refresh.js';
import { diagnose, requireSignIn } from './seldom.js';
import { orAborted, type Signalled } from './server.js';
import { isKnown, now, originOf, resolved, type State } from './session.js';

/** The user for whom headersNow() made these headers. */
const owners = new WeakMap<object, string | undefined>();

/**
 * True if requests to this address get the token. Never for the origin "null", which all custom schemes and
 * `data:` addresses share.
 */
export function reaches(state: State, address: string | URL): boolean {
  const origin = originOf(state.page, address);
  return /^h/.test(origin!) && state.origins.has(origin);
}

/** True if headersNow() can be used at once, without asking the server or refreshing first. */
export const isFresh = (state: State) => isKnown(state) && !isDue(state);

/**
 * Finds the session, and refreshes it if that is due. Returns the error if that failed and no access token is
 * still valid. Rejects if the request may no longer be sent.
 */
export async function prepare(state: State, options?: Signalled): Promise<unknown> {
  const user = state.held?.user.id;
  try {
    await orAborted(known(state), options);
    if (!isFresh(state)) await orAborted(refresh(state), options);
  } catch (error) {
    options?.signal?.throwIfAborted();
    if (now(state) >= (state.held?.expiresAt ?? 0) || !(state.held!.token || state.byCookie)) return error;
  }
  // A request that one user started must not be sent in another user's name.
  if (user && (state.held?.user.id ?? user) !== user) throw new CoatcheckError('user_changed');
  return;
}

/** The headers to add to a request, now. */
export function headersNow({ held, byCookie }: State, method: string): Record<string, string> {
  const headers: Record<string, string> = held?.token
    ? { Authorization: `Bearer ${held.token}` }
    : held && byCookie && !/^(get|head|opt)/i.test(method)
      ? { 'X-Coatcheck': '1' }
      : {};
  owners.set(headers, held?.user.id);
  return headers;
}

/** Call it after a 401. True: there is something newer of the same user to send, so try again. */
export async function refused(
  state: State,
  sent: Record<string, string>,
  options?: Signalled,
): Promise<boolean> {
  const isCurrent = () => sent.Authorization === headersNow(state, '').Authorization;
  const before = state.held;
  // If the refresh gets no answer, the caller keeps the API's 401.
  if (before && (isCurrent() || isDue(state)))
    await orAborted(refresh(state), options).catch(() => options?.signal?.throwIfAborted());
  if (state.shown.status === 'signed-out' && state.page.document) requireSignIn(state);
  const { held } = state;
  return !!held && !isDue(state) && held.user.id === owners.get(sent) && (held !== before || !isCurrent());
}

/** `fetch` with the token, to the origins that get it. */
export async function authFetch(
  state: State,
  input: RequestInfo | URL,
  init?: RequestInit,
): Promise<Response> {
  // Copied now, because the caller may change them while this function waits: it must send what it has
  // judged.
  const request = (input as Request).url ? (input as Request) : undefined;
  // Absolute, because the page's base address may change as well.
  const address = request?.url ?? resolved(state.page, input as string)?.href;
  const asked = { ...init };
  const given = new Headers(asked.headers ?? request?.headers);
  if (!address || !reaches(state, address) || given.has('Authorization')) return state.pageFetch(input, init);
  const method = asked.method ?? request?.method ?? 'GET';
  const waiting = { signal: asked.signal ?? request?.signal };
  const trouble = await prepare(state, waiting);
  const attemptWith = (more: Record<string, string>) => {
    const headers = new Headers(given);
    for (const name in more) headers.set(name, more[name]!);
    // After a redirect to another origin, the browser removes `Authorization` (Fetch §4.4, HTTP-redirect
    // fetch).
    return state.pageFetch(request?.clone() ?? address, {
      ...asked,
      headers,
      ...(state.byCookie && { credentials: 'include' }),
    });
  };
  const sent = headersNow(state, method);
  const answer = await attemptWith(sent);
  if (answer.status !== 401) return answer;
  if (trouble) throw trouble;
  diagnose(state, answer, sent.Authorization);
  // The first attempt has consumed a stream, so it cannot be sent again.
  return (await refused(state, sent, waiting)) && !(asked.body instanceof ReadableStream)
    ? attemptWith(headersNow(state, method))
    : answer;
}
