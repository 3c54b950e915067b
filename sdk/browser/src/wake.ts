// SPDX-License-Identifier: Apache-2.0
// Looks after the session whenever the page comes to life: when it loads, is shown, online again, or
// restored.
import { isDue, known, refresh } from './refresh.js';
import { ignore } from './keeping.js';
import { loadMore } from './load-more.js';
import { isKnown, now, type State, subscribe } from './session.js';
import { reread } from './tabs.js';

export function watch(state: State): void {
  const { page } = state;
  const wake = (event?: { persisted?: boolean }) => {
    if (page.document!.hidden) return;
    reread(state);
    // A page in the back/forward cache does not receive the messages of other tabs.
    if (!isKnown(state)) known(state).catch(ignore);
    else if (isDue(state) || (event?.persisted && !state.byScript)) refresh(state).catch(ignore);
  };
  for (const name of ['online', 'pageshow', 'storage', 'visibilitychange'])
    page.addEventListener!(name, wake as EventListener);
  subscribe(state, () => {
    // The browser sends the cookie with images and downloads, without this client. So the client keeps the
    // cookie fresh while the page is visible. The timer of an earlier token finds nothing to do.
    if (!state.held) return;
    if (state.byCookie) page.setTimeout(wake, state.held.dueAt - now(state) + 5);
    loadMore()
      .then((more) => more.hear(state))
      .catch(ignore); // a cached part may be older than this one
  });
  known(state).catch(ignore);
}
