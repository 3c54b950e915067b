// SPDX-License-Identifier: Apache-2.0
// The session in a Redux store, and requests with its token. Written for Redux Toolkit.
//
//   const store = configureStore({
//     reducer: { session: sessionSlice.reducer },
//     middleware: (standard) => standard().concat(coatcheckMiddleware(auth)),
//   });
//   store.dispatch(loadToken());
import { createAction, createSlice, type Middleware, type PayloadAction } from '@reduxjs/toolkit';
import type { Client, Session, User } from './index.js';

export interface SessionState {
  status: Session['status'];
  user: User | null;
  /** When the access token expires, in milliseconds by this machine's clock. */
  expiresAt: number | null;
  /**
   * The access token. Null if no user is signed in, and with storage `cookie`, which hides tokens from
   * scripts.
   */
  token: string | null;
}

const initialState: SessionState = { status: 'unknown', user: null, expiresAt: null, token: null };

export const sessionSlice = createSlice({
  name: 'session',
  initialState,
  reducers: {
    changed: (_state, { payload }: PayloadAction<SessionState>) => payload,
  },
});

/** Dispatch it on start. It finds the session again and loads its token into the store. */
export const loadToken = createAction('session/loadToken');

/** The request in an action's `meta.request`, which the middleware sends to the API. */
export interface ApiRequest extends Omit<RequestInit, 'body'> {
  url: string;
  /** Sent as JSON. */
  body?: unknown;
}

async function toApi(client: Client, { url, body, ...init }: ApiRequest): Promise<unknown> {
  const headers = new Headers(init.headers);
  if (body !== undefined) headers.set('Content-Type', 'application/json');
  const answer = await client.fetch(url, {
    ...init,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  let data: unknown = text;
  try {
    data = text ? JSON.parse(text) : null;
  } catch {
    // Not JSON: keep the text itself.
  }
  if (!answer.ok) throw { status: answer.status, data } satisfies ApiError;
  return data;
}

export interface ApiError {
  /** 0 if no answer arrived. */
  status: number;
  data: unknown;
}

const apiError = (error: unknown): ApiError =>
  typeof error === 'object' && error && 'data' in error
    ? (error as ApiError)
    : { status: 0, data: error instanceof Error ? error.message : String(error) };

/**
 * Keeps the slice in step with the client, and sends the request in an action's `meta.request` with the
 * token. The action itself goes on unchanged. Then `<type>/fulfilled` follows with the answer, or
 * `<type>/rejected` with `{ status, data }`. Dispatching the action returns a promise of the answer.
 */
export function coatcheckMiddleware(client: Client): Middleware {
  return ({ dispatch }) => {
    const show = async (): Promise<void> => {
      const token = client.session.status === 'signed-in' ? await client.token().catch(() => null) : null;
      const { session } = client; // it may have changed while we waited
      const known =
        session.status === 'signed-in'
          ? { user: session.user, expiresAt: session.expiresAt, token }
          : { user: null, expiresAt: null, token: null };
      dispatch(sessionSlice.actions.changed({ status: session.status, ...known }));
    };
    let follows = false;
    return (next) => (action) => {
      if (loadToken.match(action)) {
        next(action);
        if (!follows) client.subscribe((session) => void (session.status !== 'unknown' && show()));
        follows = true;
        return client.ready().then(show, () => {});
      }
      const { type, meta } = action as { type: string; meta?: { request?: ApiRequest } };
      const result = next(action);
      if (!meta?.request) return result;
      const answer = toApi(client, meta.request).then(
        (payload) => {
          dispatch({ type: `${type}/fulfilled`, payload });
          return payload;
        },
        (error) => {
          dispatch({ type: `${type}/rejected`, payload: apiError(error), error: true });
          throw apiError(error);
        },
      );
      // A caller that does not wait for the promise learns of a failure from `<type>/rejected`.
      answer.catch(() => {});
      return answer;
    };
  };
}

/** A base query for RTK Query: `createApi({ baseQuery: coatcheckBaseQuery(auth, { baseUrl: '/api' }), … })`. */
export function coatcheckBaseQuery(client: Client, { baseUrl = '' } = {}) {
  return async (
    asked: string | ApiRequest,
    { signal }: { signal: AbortSignal },
  ): Promise<{ data: unknown } | { error: ApiError }> => {
    const request = typeof asked === 'string' ? { url: asked } : asked;
    try {
      return { data: await toApi(client, { signal, ...request, url: baseUrl + request.url }) };
    } catch (error) {
      return { error: apiError(error) };
    }
  };
}
