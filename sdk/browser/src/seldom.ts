// SPDX-License-Identifier: Apache-2.0
// Two uses of the parts that are loaded on demand: a development aid, and the way to the sign-in page.
import type { CoatcheckError } from './errors.js';
import { ignore } from './keeping.js';
import { pathOf } from './page.js';
import { loadMore } from './load-more.js';
import type { State } from './session.js';

/** Has the server say which setting caused this failure, during development. See diagnose.ts. */
export function diagnose(state: State, failure: CoatcheckError | Response, sent: unknown): void {
  if (/\/(localhost|127\.)/.test(state.page.location?.origin as string))
    loadMore().then((more) => more.diagnose(state, failure, sent), ignore);
}

/** Sends the user to the page where one signs in, or does what the application does instead. */
export function requireSignIn({ page, onSignInRequired, signInPage = '/sign-in' }: State): void {
  if (onSignInRequired) onSignInRequired(pathOf(page.location!));
  // Without that part, as after a deploy that has removed it, the way there is shorter, and there is none back.
  else
    loadMore().then(
      (more) => more.goToSignIn(page, signInPage),
      () => page.location!.assign(signInPage),
    );
}
