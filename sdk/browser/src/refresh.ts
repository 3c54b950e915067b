// SPDX-License-Identifier: Apache-2.0
// Finds the session again when the page loads, and refreshes it. It refreshes once at a time in each tab,
// never writes an older token over a newer one, and drops an answer that comes after a sign-in or sign-out.
import type { CoatcheckError } from './errors.js';
import { kept, parseKept, placeOf } from './keeping.js';
import { loadMore } from './load-more.js';
import { diagnose } from './seldom.js';
import { callServer } from './server.js';
import { become, isKnown, now, type State } from './session.js';
import { keep, reread } from './tabs.js';
import type { Session } from './types.js';
import type { Answer } from './wire.js';

/** True if the access token has to be refreshed before it is used. */
export const isDue = (state: State): boolean | undefined =>
  state.held && ((!state.held.token && !state.byCookie) || now(state) >= state.held.dueAt);

/** Waits until it is known whether somebody is signed in. Rejects if the server does not answer. */
export async function known(state: State): Promise<void> {
  if (!isKnown(state)) await (state.finding ??= find(state).finally(() => (state.finding = undefined)));
}

async function find(state: State): Promise<void> {
  const { byScript, adopt, epoch, page } = state;
  if (byScript) {
    const cookies = state.storage === 'scriptCookie' && (await loadMore()).scriptCookies(page);
    const place = (state.place ??= placeOf(
      () => cookies || page[state.storage as 'localStorage'],
      state.key,
    ));
    const found =
      place.read() != null || adopt
        ? await loadMore()
            .then((more) => more.findStored(state, place))
            .catch((error) => {
              const unjudged = parseKept(place.read(), now(state));
              if (adopt && !unjudged) throw error;
              return unjudged; // kept until the server refuses it
            })
        : undefined;
    if (epoch !== state.epoch) return;
    become(state, found);
  }
  // If the refresh token is in a cookie, only the server knows whether there is a session. A session that was
  // found in storage stays until the server refuses it.
  if (!byScript || isDue(state))
    await refresh(state).catch((error) => {
      if (!byScript) throw error;
    });
}

/** Refreshes, or waits for the refresh under way. Rejects if the server neither refreshed nor refused. */
export const refresh = (state: State): Promise<Session> =>
  (state.refreshing ??= refreshOnce(state).finally(() => (state.refreshing = undefined)));

async function refreshOnce(state: State): Promise<Session> {
  const { held: before, byScript } = state;
  reread(state);
  const { epoch } = state;
  const sent = state.held?.refresh;
  // Another tab was faster. Or the session was adopted without a refresh token: it lasts until its token
  // expires, which reread() notices.
  if (byScript && (state.held !== before || !sent)) return state.shown;
  try {
    const next = await kept(
      callServer<Answer>(state, 'POST', 'authentication/refresh', {
        body: { refresh_token: sent },
        cookies: !sent,
      }),
      now(state),
    );
    if (epoch !== state.epoch) return state.shown;
    // The page may have been suspended before the answer came. So newer values in storage stay, and so does a
    // sign-out in another tab.
    reread(state);
    return byScript && state.held?.refresh !== sent ? state.shown : keep(state, next);
  } catch (error) {
    if (epoch !== state.epoch) return state.shown;
    diagnose(state, error as CoatcheckError, state.held);
    const { code } = error as CoatcheckError;
    // Only these refusals end the session. All others (403, 429, 5xx, no answer) do not.
    if (!/^(session_|refresh_)/.test(code)) throw error;
    reread(state);
    if (state.held?.refresh !== sent) return state.shown; // the refused token was an older one
    return keep(state, undefined, state.held && code);
  }
}
