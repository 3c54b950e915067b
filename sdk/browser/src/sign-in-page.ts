// SPDX-License-Identifier: Apache-2.0
// To the page where a user signs in, which gives `returnTo` back by `returnAddress()`.
export function goToSignIn(page = '/sign-in', returnTo: string): void {
  const address = new URL(page, document.baseURI);
  // Who is there already stays: with or without the slash at the end; in an application that routes by `#`, by the hash.
  const placeOf = ({ origin, pathname, hash }: URL | Location) =>
    origin + pathname.replace(/\/+$/, '') + (address.hash && hash.replace(/\?.*|\/+$/, ''));
  const isThere = placeOf(address) === placeOf(location);
  address.searchParams.set('return_to', returnTo);
  if (!isThere) location.assign(address);
}
