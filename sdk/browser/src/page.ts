// SPDX-License-Identifier: Apache-2.0
// The page that the client lives in. Everything that the client uses of it comes in as one argument, so that
// a test can run several tabs in one process, each with a clock, a storage and a network of its own.
import { attempt, type Jar } from './keeping.js';

/** The part of `globalThis` that the client uses. On a server, the optional members are missing. */
export interface Page {
  fetch: typeof fetch;
  Date: { now(): number };
  reportError?(this: void, error: unknown): void;
  setTimeout(act: () => void, milliseconds: number): unknown;
  document?: Pick<Document, 'hidden' | 'baseURI' | 'cookie'>;
  location?: Pick<Location, 'href' | 'origin' | 'protocol' | 'pathname' | 'search' | 'hash' | 'assign'>;
  localStorage?: Jar;
  sessionStorage?: Jar;
  navigator?: { locks?: Pick<LockManager, 'request'> };
  BroadcastChannel?: new (name: string) => Pick<BroadcastChannel, 'postMessage' | 'onmessage'>;
  addEventListener?(event: string, listener: (event: Event) => void): void;
}

/** What follows the host in an address. Not cut from `href`, where a user's name may stand before the host. */
export const pathOf = ({ pathname, search, hash }: Pick<URL, 'pathname' | 'search' | 'hash'>) =>
  pathname + search + hash;

/** The path that the page's address names in `return_to`; `/` if it names none of this origin. */
export const returnAddressOf = ({ location }: Page): string =>
  attempt(() => {
    // Parsed as the browser does it: "//host" and "/\\host" lead to another host. "//" is no address.
    const asked = new URL(new URL(location!.href).searchParams.get('return_to') || '//', location!.origin);
    // goToSignIn() has left the fragment in its place, where no server reads it.
    asked.hash ||= location!.hash;
    return asked.origin === location!.origin && pathOf(asked).replace(/^\/+/, '/');
  }) || '/';
