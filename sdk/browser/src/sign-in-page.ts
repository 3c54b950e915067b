// SPDX-License-Identifier: Apache-2.0
// Goes to the page where a user signs in. After sign-in, `returnAddress()` gives the way back.
import type { Page } from './page.js';

/**
 * The path goes along as `return_to`, which the server of the sign-in page reads. The fragment goes along as a
 * fragment, which no server reads. An application that routes by `#` has its sign-in page in the fragment,
 * and the route to come back to is a part of `return_to`.
 */
export function goToSignIn({ document, location }: Page, signInPage = '/sign-in'): void {
  const address = new URL(signInPage, document!.baseURI);
  const { pathname, search, hash } = location!;
  const routes = address.hash;
  // If the page is already there, it stays. A slash at the end makes no difference.
  const placeOf = ({ origin, pathname, hash }: Pick<URL, 'origin' | 'pathname' | 'hash'>) =>
    origin + pathname.replace(/\/+$/, '') + (routes && hash.replace(/\?.*|\/+$/, ''));
  const isThere = placeOf(address) === placeOf(location!);
  // A route is never empty: otherwise returnAddress() would take the route of the sign-in page for it.
  address.searchParams.set('return_to', pathname + search + (routes && (hash || '#/')));
  if (!routes) address.hash = hash;
  if (!isThere) location!.assign(address);
}
