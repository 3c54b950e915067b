// SPDX-License-Identifier: Apache-2.0
// Takes over the token that an older client of the application left behind: a bare token, or JSON that holds
// one.
import type { Kept } from './keeping.js';
import { cookiesOf } from './script-cookies.js';
import type { State } from './session.js';
import type { Adopt, Discarded } from './types.js';
import type { Answer } from './wire.js';

export async function adoptFrom(adopt: Adopt, state: State): Promise<Kept | undefined> {
  const { callServer, claimsOf, kept, placeOf } = state.core;
  const [where, key] = Object.entries(adopt)[0] as ['localStorage' | 'sessionStorage' | 'cookie', string];
  const place = placeOf(() => (where === 'cookie' ? cookiesOf(state.page) : state.page[where]), key);
  const text = place.read();
  if (text == null) return;
  const left = parsed(text);
  const token = left.token ?? left.Token ?? left;
  const drop = (reason: Discarded['reason']) => {
    place.clear();
    state.onDiscarded({ key, reason });
  };
  if (!claimsOf(token)) return void drop('corrupt');
  try {
    const found = await kept(
      left.refresh_token
        ? callServer<Answer>(state, 'POST', 'authentication/refresh', {
            body: { refresh_token: left.refresh_token },
          })
        : callServer<Answer>(state, 'GET', 'authentication', { token }).then((answer) => ({
            ...answer,
            token,
          })),
      state.page.Date.now(),
    );
    place.clear();
    return found;
  } catch (error) {
    const { status = 0 } = error as { status?: number };
    // The server did not judge the token, so the next load tries again.
    if (status < 400 || status === 429 || status >= 500) throw error;
    drop('refused');
  }
  return;
}

/** What a JSON text says. A bare token is no JSON: it stays as it is. */
function parsed(text: string) {
  try {
    return JSON.parse(text) ?? text;
  } catch {
    return text;
  }
}
