// SPDX-License-Identifier: Apache-2.0
// To the page where a user signs in, which gives `returnTo` back by `returnAddress()`.
export function goToSignIn(page: string, returnTo: string): void {
  const address = new URL(page, document.baseURI);
  address.searchParams.set('return_to', returnTo);
  if (address.pathname !== location.pathname || address.origin !== location.origin) location.assign(address);
}
