// SPDX-License-Identifier: Apache-2.0
// Goes to the page where a user signs in. After sign-in, `returnAddress()` gives `returnTo` back.
import type { Page } from './page.js';

export function goToSignIn({ document, location }: Page, signInPage = '/sign-in', returnTo: string): void {
  const address = new URL(signInPage, document!.baseURI);
  // If the page is already there, it stays. A slash at the end makes no difference. In an application that
  // routes by `#`, the hash counts as well.
  const placeOf = ({ origin, pathname, hash }: Pick<URL, 'origin' | 'pathname' | 'hash'>) =>
    origin + pathname.replace(/\/+$/, '') + (address.hash && hash.replace(/\?.*|\/+$/, ''));
  const isThere = placeOf(address) === placeOf(location!);
  address.searchParams.set('return_to', returnTo);
  if (!isThere) location!.assign(address);
}
