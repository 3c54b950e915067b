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

export type PlaceKind = 'localStorage' | 'sessionStorage' | 'scriptCookie';

const MAX_SIZE = 16_384;

/** The result of `act`, or nothing where it throws. */
export function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return;
  }
}

export function kept({ expires_in, expires_at, session, token, refresh_token, user }: Answer): Kept {
  if (!session?.id || !user?.id) throw new CoatcheckError('invalid_answer');
  const expiresAt = Date.now() + expires_in * 1000;
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
    return (token as string).length < MAX_SIZE && claims.iss && claims.sub && claims.exp > 0 ? claims : undefined;
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

/** Where the browser does not keep it (storage switched off or full, a cookie of more than 4096 bytes) the page's memory has to do. */
export function placeOf(kind: PlaceKind, key: string): Place {
  const cookie = kind === 'scriptCookie';
  if (cookie) console.warn('scripts can read this cookie');
  const set = (text: string, until: number) => {
    if (cookie) document.cookie = `${key}=${encodeURIComponent(text)}; Path=/; Expires=${new Date(until).toUTCString()}; SameSite=Lax${location.protocol > 'https' ? '; Secure' : ''}`;
    else window[kind].setItem(key, text);
  };
  const get = () => {
    if (!cookie) return window[kind].getItem(key);
    const found = document.cookie.split('; ').find((pair) => pair.startsWith(`${key}=`));
    return found ? (attempt(() => decodeURIComponent(found.slice(key.length + 1))) ?? '%') : null;
  };
  let spare: string | null = null;
  return {
    read: () => spare ?? attempt(get) ?? null,
    write(text, until) {
      attempt(() => set(text, until));
      spare = attempt(get) === text ? null : text;
    },
    clear() {
      spare = null;
      attempt(() => (cookie ? set('', 0) : window[kind].removeItem(key)));
    },
  };
}
