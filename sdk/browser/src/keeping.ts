// SPDX-License-Identifier: Apache-2.0
// What the browser keeps of a session, and where. What is read back is foreign until it is proven to be ours: any script
// of the page, an older version or an extension may have written it.
import { CoatcheckError } from './errors.js';
import type { Answer, User } from './wire.js';

/** Times are milliseconds by this machine's clock, made from the spans that the server names: a wrong clock harms nothing. */
export interface Kept {
  /** The access token; absent where scripts cannot see it, or before it is fetched anew. */
  token?: string | undefined;
  refresh?: string | undefined;
  /** When the access token expires. */
  expiresAt: number;
  /** From when on it is refreshed before it is used. */
  dueAt: number;
  /** When the session ends if it is not used; absent in a message to other tabs: it is over. */
  until: number;
  user: User;
  session: string;
}

/** A place that outlives the page. */
export interface Place {
  read(): string | null;
  write(text: string, until: number): void;
  clear(): void;
}

/** `localStorage`, `sessionStorage`, or cookies in their way. `until`: when what is kept is over, in milliseconds. */
export interface Jar {
  getItem(key: string): string | null;
  setItem(key: string, text: string, until?: number): void;
  removeItem(key: string): void;
}

const MAX_SIZE = 16_384;

/** The result of `act`, or nothing where it throws. */
export function attempt<T>(act: () => T, otherwise?: (error: unknown) => void): T | undefined {
  try {
    return act();
  } catch (error) {
    otherwise?.(error);
    return;
  }
}

/** What is kept of the answer that is `asked` for now. Its token was made after this moment, however long the page sleeps on it. */
export async function kept(asked: Promise<Answer>): Promise<Kept> {
  const start = Date.now();
  const { expires_in, expires_at, session, token, refresh_token, user } = await asked;
  if (!session?.id || !user?.id) throw new CoatcheckError('invalid_answer');
  const expiresAt = start + expires_in * 1000;
  return {
    token,
    refresh: refresh_token,
    expiresAt,
    dueAt: expiresAt - Math.min(30_000, expires_in * 200),
    until: expiresAt + (session.idle_expires_at - expires_at) * 1000,
    user,
    session: session.id,
  };
}

/** The claims of a token in form; its signature is for the server to check. */
export const claimsOf = (token: unknown): { iss: string; sub: string; exp: number } | undefined =>
  attempt(() => {
    const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token as string)!;
    const claims = JSON.parse(atob(payload!.replace(/-/g, '+').replace(/_/g, '/')));
    return (token as string).length < MAX_SIZE && claims.iss && claims.sub && claims.exp > 0
      ? claims
      : undefined;
  });

/** What `text` keeps, if it is whole and agrees with itself. */
export const parseKept = (text: string | null | undefined): Kept | undefined =>
  attempt(() => {
    const found: Kept = JSON.parse(text!);
    const { token, refresh, expiresAt, dueAt, until, user, session } = found;
    return text!.length < MAX_SIZE &&
      claimsOf(token)!.sub === user.id &&
      session &&
      user.username &&
      Array.isArray(user.roles) &&
      expiresAt + dueAt + until > 0 &&
      // Without a refresh token nothing is left of it once it has expired.
      (refresh === undefined ? expiresAt > Date.now() : /^[\w-]{20,512}$/.test(refresh))
      ? found
      : undefined;
  });

/** Where the browser does not keep it (storage switched off or full, a cookie too large) the page's memory has to do. */
export function placeOf(jar: Jar | undefined, key: string): Place {
  let spare: string | null = null;
  const get = () => attempt(() => jar!.getItem(key)) ?? null;
  const clear = () => {
    spare = null;
    attempt(() => jar!.removeItem(key));
  };
  const keeps = (text: string, until: number) => {
    attempt(() => jar!.setItem(key, text, until));
    return get() === text;
  };
  return {
    read: () => spare ?? get(),
    write(text, until) {
      spare = null;
      if (keeps(text, until)) return;
      clear(); // what is there has a refresh token that was used: the next load must not find it
      if (!keeps(text, until)) spare = text;
    },
    clear,
  };
}
