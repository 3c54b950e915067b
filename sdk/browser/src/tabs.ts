// SPDX-License-Identifier: Apache-2.0
// How the tabs of one browser follow each other: by messages, and by the storage that they share.
//
// Tabs need no lock and no leader: if two tabs refresh with the same refresh token at once, the server gives
// both the same successor.
import { attempt, isWhole, type Kept, parseKept } from './keeping.js';
import { become, isKnown, now, type State, store } from './session.js';
import type { Session } from './types.js';

/**
 * Takes over what another tab wrote into the shared storage. Does nothing before the stored session was found
 * to be ours.
 */
export function reread(state: State): void {
  if (!state.place || !isKnown(state)) return;
  const found = parseKept(state.place.read(), now(state));
  if (found?.token !== state.held?.token) become(state, found);
}

/** As store(), and tells the other tabs. */
export function keep(state: State, next?: Kept, reason?: string): Session {
  // The message holds tokens only if each tab has a storage of its own.
  state.channel?.postMessage({
    ...(next ?? state.held),
    ...(state.storage !== 'sessionStorage' && { token: undefined, refresh: undefined }),
    until: next?.until,
  });
  return store(state, next, reason);
}

/** From now on, follows the messages of other tabs. */
export function follow(state: State): void {
  const { page, byScript, byCookie } = state;
  const channel = (state.channel = attempt(() => new page.BroadcastChannel!(state.key)));
  if (channel)
    channel.onmessage = ({ data: told }: { data: Kept }) =>
      // Any script of this origin may send messages: they are judged as what the storage holds is.
      attempt(() => {
        const isOurs = state.held && told.session === state.held.session;
        // The stored value may arrive later than the message about it.
        if (byScript && state.storage !== 'sessionStorage') page.setTimeout(() => reread(state), 40);
        // If each tab has a storage of its own, a tab follows only messages about its own session. Two tabs
        // have the same session after a tab was duplicated.
        else if (!told.until) isOurs && store(state);
        else if (byScript) isOurs && parseKept(JSON.stringify(told), now(state)) && store(state, told);
        else isWhole(told) && (byCookie || !isOurs) && store(state, told);
      });
}
