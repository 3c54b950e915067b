// SPDX-License-Identifier: Apache-2.0
// The types that an application uses.
import type { SessionInfo, User } from './wire.js';

export type Storage =
  | 'memory' // the access token in this page's memory, the refresh token in an HttpOnly cookie
  | 'cookie' // both in HttpOnly cookies
  | 'localStorage'
  | 'sessionStorage'
  | 'scriptCookie'; // one cookie that scripts can read

/** What the page knows. The object is replaced, never changed: compare by identity. */
export type Session =
  | { readonly status: 'unknown' }
  | {
      readonly status: 'signed-out';
      /** The server's code, if the session was ended elsewhere. */
      readonly reason?: string | undefined;
    }
  | {
      readonly status: 'signed-in';
      readonly user: User;
      /**
       * When the access token expires, in milliseconds by this machine's clock. The client refreshes it in
       * time.
       */
      readonly expiresAt: number;
    };

/** A stored value that the client could not use, and so has cleared. */
export interface Discarded {
  /** The key of the storage, or the name of the cookie. */
  key: string;
  reason: 'corrupt' | 'foreign' | 'refused';
}

/** Where an older client kept its token. */
export type Adopt = { localStorage: string } | { sessionStorage: string } | { cookie: string };

export interface ClientOptions {
  /** The URL of Coatcheck, such as `https://auth.example.com`. Default: the page's own origin. */
  url?: string;
  storage?: Storage;
  /** Origins that get the token, in addition to the page's own and Coatcheck's. */
  to?: string[];
  /** The page where a user signs in. The default `onSignInRequired` goes there. */
  signInPage?: string;
  /**
   * Called when an API answered 401 and nobody is signed in. `returnTo` is the path of this page, which
   * `returnAddress()` returns after sign-in.
   */
  onSignInRequired?: (returnTo: string) => void;
  /** Called when the client has cleared a stored value that it could not use. */
  onDiscarded?: (discarded: Discarded) => void;
  /** Where an older client of your application left its token. This client takes it over, once. */
  adopt?: Adopt;
  /** The name of the session in storage. Two clients on one page need two names. */
  key?: string;
  /** How long a call to Coatcheck may take, in milliseconds. */
  timeout?: number;
  /**
   * False: the page has no event stream open while it is visible, and so notices that its session was ended
   * elsewhere only at its next call.
   */
  watchSession?: boolean;
}

export interface Credentials {
  /** The user name, or the e-mail address. */
  username: string;
  password: string;
  /** False: the session ends after 12 hours at most. */
  remember?: boolean;
  /** The name of this browser in the list of sessions. */
  device?: string;
}

export interface Abortable {
  signal?: AbortSignal;
}

export interface AttachOptions {
  fetch?: boolean;
  /** True: every XMLHttpRequest that the page opens from now on. Or a single request, before it is opened. */
  xhr?: boolean | XMLHttpRequest;
  /** More origins that get the token, from now on. */
  to?: string[];
}

export interface Client {
  readonly session: Session;
  /** Calls `listener` at once, and on each change. Returns the function that unsubscribes it. */
  subscribe(listener: (session: Session) => void): () => void;
  /**
   * Waits until it is known whether somebody is signed in. Rejects with `network_error` if the server does
   * not answer.
   */
  ready(options?: Abortable): Promise<Session>;
  signIn(credentials: Credentials, options?: Abortable): Promise<User>;
  /** Ends this session, on the server first. If that fails, it rejects, and nothing has changed. */
  signOut(options?: Abortable): Promise<void>;
  signOutEverywhere(options?: Abortable): Promise<void>;
  readonly sessions: {
    list(options?: Abortable): Promise<SessionInfo[]>;
    end(id: string, options?: Abortable): Promise<void>;
  };
  /**
   * Changes the user's password, and takes the new tokens of this session. Ends all other sessions. Rejects
   * with `invalid_credentials` if `current` is not the password.
   */
  changePassword(passwords: { current: string; next: string }, options?: Abortable): Promise<User>;
  /** `fetch` with the token, to the origins that get it. After a 401 it refreshes and tries once more. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** A fresh access token. Null if nobody is signed in, or if scripts cannot see the token (`cookie`). */
  token(options?: Abortable): Promise<string | null>;
  /** Refreshes now. Rejects only if the server neither refreshed the session nor ended it. */
  refresh(options?: Abortable): Promise<Session>;
  /**
   * Adds the token to requests by the page's own `fetch` and `XMLHttpRequest`, and so by all libraries that
   * use them. Returns the function that undoes it.
   */
  attach(options: AttachOptions): () => void;
  /** True if requests to this address get the token. */
  reaches(url: string | URL): boolean;
  /**
   * For adapters: the headers to add to a request. Empty if the address does not get the token, or nobody is
   * signed in.
   */
  headersFor(url: string | URL, method?: string, options?: Abortable): Promise<Record<string, string>>;
  /**
   * For adapters: call it after a 401 for a request with these headers. True: headersFor() now returns newer
   * ones, so try again. If nobody is signed in any more, calls `onSignInRequired`.
   */
  refused(headers: Record<string, string>, options?: Abortable): Promise<boolean>;
  /** For adapters: true if requests to other origins must send cookies. */
  readonly withCredentials: boolean;
  /** Where the user was before sign-in: a path of this origin, or `/` if the address names none. */
  returnAddress(): string;
}
