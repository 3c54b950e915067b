// SPDX-License-Identifier: Apache-2.0
// What a user does on the page of the own account: lists and ends sessions, changes the password.
import type { Kept } from './keeping.js';
import type { Core } from './refresh.js';
import type { own } from './requests.js';
import type { State } from './session.js';
import type { Abortable } from './types.js';
import type { Answer, SessionInfo, User } from './wire.js';

export const listSessions = async (
  state: State,
  call: typeof own,
  options?: Abortable,
): Promise<SessionInfo[]> =>
  (await call<{ sessions: SessionInfo[] }>(state, 'GET', 'sessions', options)).sessions;

export async function endSession(
  state: State,
  call: typeof own,
  { keep }: Core,
  id: string,
  options?: Abortable,
): Promise<void> {
  await call(state, 'DELETE', `sessions/${encodeURIComponent(id)}`, options);
  if (id === state.held?.session) keep(state, undefined);
}

/** Takes the tokens of the answer: from now on, the session's older refresh tokens are refused. */
export async function changePassword(
  state: State,
  { callServer, keep, kept }: Core,
  passwords: { current: string; next: string },
  options?: Abortable,
): Promise<User> {
  await Promise.allSettled([state.finding, state.refreshing]); // they must not use the older token meanwhile
  const changed: Kept = await kept(
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
