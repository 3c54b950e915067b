// SPDX-License-Identifier: Apache-2.0
// The page of a user's own account needs these: listing and ending sessions, changing the password.
import type { State } from './session.js';
import type { Abortable } from './types.js';
import type { Answer, SessionInfo, User } from './wire.js';

/** Calls a route of Coatcheck that needs the token. */
async function own<T>(state: State, method: string, path: string, options?: Abortable): Promise<T> {
  const { authFetch, read } = state.core;
  const credentials = state.byScript ? 'omit' : 'include';
  return read(await authFetch(state, `${state.url}/api/v1/${path}`, { ...options, method, credentials }));
}

export const listSessions = async (state: State, options?: Abortable): Promise<SessionInfo[]> =>
  (await own<{ sessions: SessionInfo[] }>(state, 'GET', 'sessions?limit=1000', options)).sessions;

export async function endSession(state: State, id: string, options?: Abortable): Promise<void> {
  await own(state, 'DELETE', `sessions/${encodeURIComponent(id)}`, options);
  if (id === state.held?.session) state.core.keep(state);
}

export async function endAllSessions(state: State, options?: Abortable): Promise<void> {
  const before = state.held?.session;
  await own(state, 'DELETE', 'sessions', options);
  if (state.held?.session === before) state.core.keep(state); // no other has begun meanwhile
}

/** Takes the tokens of the answer: from now on, the session's older refresh tokens are refused. */
export async function changePassword(
  state: State,
  passwords: { current: string; next: string },
  options?: Abortable,
): Promise<User> {
  const { callServer, keep, kept, prepare } = state.core;
  await prepare(state, options);
  await Promise.allSettled([state.finding, state.refreshing]); // they must not use the older token meanwhile
  const changed = await kept(
    // Without a second attempt after a 401, which here can mean a wrong password.
    callServer<Answer>(state, 'PUT', 'users/me/password', {
      ...options,
      body: { current_password: passwords.current, new_password: passwords.next },
      token: state.held?.token,
      cookies: !state.byScript,
    }),
    state.page.Date.now(),
  );
  state.epoch++; // drops the answers to calls that began meanwhile
  keep(state, changed);
  return changed.user;
}
