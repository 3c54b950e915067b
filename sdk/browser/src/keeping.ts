// SPDX-License-Identifier: Apache-2.0
// What the browser stores of a session, and where. The SDK treats a value that it reads back as untrusted
// until it has checked it, because any script of the page, an older version or an extension may have written
// it.
import { CoatcheckError } from './errors.js';
import type { Answer, User } from './wire.js';

/**
 * Times are milliseconds by this machine's clock, computed from the lifetimes in the server's answer, so that
 * a wrong clock does no harm.
 */
export interface Kept {
  /** The access token. Absent if scripts cannot see it, or until the client fetches a new one. */
  token?: string | undefined;
  refresh?: string | undefined;
  /** When the access token expires. */
  expiresAt: number;
  /** From this time on, the client refreshes the token before it uses it. */
  dueAt: number;
  /**
   * When an unused session ends. In a message to other tabs, a missing value means that the session is over.
   */
  until: number;
  user: User;
  session: string;
}

/** A place that keeps a value longer than the page lives. */
export interface Place {
  /** Gives null or undefined if there is no value. */
  read(): string | null | undefined;
  write(text: string, until: number): void;
  clear(): void;
}

/**
 * `localStorage`, `sessionStorage`, or cookies with the same interface. `until` is when the value expires, in
 * milliseconds.
 */
export interface Jar {
  getItem(key: string): string | null;
  setItem(key: string, text: string, until?: number): void;
  removeItem(key: string): void;
}

const MAX_SIZE = 20_000;

export const ignore = () => {};

/** Gives the result of `act`; undefined if it throws. */
export function attempt<T>(act: () => T, otherwise?: (error: unknown) => void): T | undefined {
  try {
    return act();
  } catch (error) {
    otherwise?.(error);
    return;
  }
}

/**
 * Turns the answer to a request into the values to store. `start` is when the request started: the times
 * count from before the token was made, even if the page is suspended before the answer comes.
 */
export async function kept(asked: Promise<Answer>, start: number): Promise<Kept> {
  const { expires_in, expires_at, session, token, refresh_token, user } = await asked;
  if (!session?.id || !user?.id) throw new CoatcheckError('invalid_answer');
  const expiresAt = start + expires_in * 1000;
  return {
    token,
    refresh: refresh_token,
    expiresAt,
    dueAt: expiresAt - Math.min(30_000, expires_in * 200), // 30 s, or a fifth of the life, before expiry
    until: expiresAt + (session.idle_expires_at - expires_at) * 1000,
    user,
    session: session.id,
  };
}

/** The claims of a token, if it is well formed. Only the server checks the signature. */
export const claimsOf = (token: unknown): { iss: string; sub: string; exp: number } | undefined =>
  attempt(() => {
    const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token as string)!;
    const claims = JSON.parse(atob(payload!.replace(/-/g, '+').replace(/_/g, '/')));
    return (token as string).length < MAX_SIZE && claims.iss && claims.sub && claims.exp > 0
      ? claims
      : undefined;
  });

/** True if the values are complete. Throws for some that are not. */
export const isWhole = ({ expiresAt, dueAt, until, user, session }: Kept): unknown =>
  // The roles are a list if they have this function, and all three times are numbers if their sum is one.
  session && user.username && (user.roles as Partial<string[]>).map && expiresAt + dueAt + until > 0;

/** The values in `text`, if they are complete, agree with each other, and are of use at the time `now`. */
export const parseKept = (text: string | null | undefined, now: number): Kept | undefined =>
  attempt(() => {
    const found: Kept = JSON.parse(text!);
    const { token, refresh, expiresAt, user } = found;
    return text!.length < MAX_SIZE &&
      claimsOf(token)!.sub === user.id &&
      isWhole(found) &&
      // Without a refresh token, nothing is of use once the access token has expired.
      (refresh === undefined ? expiresAt > now : /^[\w-]{20,512}$/.test(refresh))
      ? found
      : undefined;
  });

/**
 * `jar` throws where the browser denies all storage. If the browser does not keep the value (storage is off
 * or full, or a cookie is too large), the page's memory keeps it.
 */
export function placeOf(jar: () => Jar | undefined, key: string): Place {
  let inMemory = '';
  const get = () => attempt(() => jar()!.getItem(key));
  const clear = () => {
    inMemory = '';
    attempt(() => jar()!.removeItem(key));
  };
  const keeps = (text: string, until: number) => {
    attempt(() => jar()!.setItem(key, text, until));
    return get() === text;
  };
  return {
    read: () => inMemory || get(),
    write(text, until) {
      inMemory = '';
      if (keeps(text, until)) return;
      clear(); // the old value has a superseded refresh token: the next load must not find it
      if (!keeps(text, until)) inMemory = text;
    },
    clear,
  };
}
