// SPDX-License-Identifier: Apache-2.0
// Judges a whole request by the server's rules. A request carries one credential. If the credential came in a
// cookie and the method is unsafe, the request must also prove which site sent it (CSRF).
import type { IncomingHttpHeaders } from 'node:http';
import { type Code, no, statusOf, TITLES, type Verdict } from './verdict.js';
import type { Verifier } from './verifier.js';

export interface CredentialOptions {
  /** Origins, besides the API's own, whose pages may send unsafe requests with the cookie. */
  origins?: string[];
  /**
   * The origin of this API, such as `https://api.example.com`. Needed for browsers that send no
   * Sec-Fetch-Site.
   */
  origin?: string;
  /** True if the server runs with --dev: its cookie is then named `coatcheck`. */
  dev?: boolean;
  /** Also accepts `Authorization: <token>` without Bearer. A date says until when. */
  bareAuthorization?: boolean | Date;
  /**
   * Also accepts `X-TOKEN` with `X-USER`. A date says until when. If a request has X-USER, with any kind of
   * token, it must name the token's own user: X-USER selects nobody.
   */
  xToken?: boolean | Date;
}

export interface Asked {
  method: string;
  headers: IncomingHttpHeaders;
  /** Names and values in turn, as Node received them. */
  rawHeaders: string[];
}

/**
 * True for a request that reads and changes nothing, whoever made a browser send it. The handshake of a
 * WebSocket is a GET, but a page of any site may begin it and then read and write (RFC 6455 §10.2).
 */
const isSafe = (asked: Asked): boolean =>
  ['GET', 'HEAD', 'OPTIONS'].includes(asked.method) &&
  !all(asked, 'sec-websocket-key').length &&
  !all(asked, 'sec-fetch-mode').includes('websocket');

function all({ rawHeaders }: Asked, name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === name);
}

/**
 * True for a preflight (Fetch §3.2.2). Browsers send it without credentials before a request of another
 * origin, and the API has to answer it.
 */
export const isPreflight = (asked: Asked): boolean =>
  asked.method === 'OPTIONS' &&
  all(asked, 'origin').length === 1 &&
  all(asked, 'access-control-request-method').length === 1;

/** The token of a request, or a conflict if there are several. `user` is the value of X-USER. */
function find(
  asked: Asked,
  options: CredentialOptions,
): { token: string; byCookie: boolean; user?: string } | 'conflict' {
  const inHeader = new Set<string>();
  for (const value of all(asked, 'authorization')) {
    const [scheme, ...rest] = value.split(' ');
    // RFC 6750 §2.1: 1*SP. A scheme alone counts as malformed, not as missing.
    const token = rest.length ? rest.join(' ').replace(/^ +/, '') : '-';
    if (scheme!.toLowerCase() === 'bearer') {
      if (token) inHeader.add(token);
    } else if (!rest.length && scheme && isTaken(options.bareAuthorization)) inHeader.add(scheme);
  }
  const [older, users] = [all(asked, 'x-token'), all(asked, 'x-user')];
  const takesOlder = isTaken(options.xToken);
  if (takesOlder && (older.length > 1 || users.length > 1 || (older.length && !users[0]) || users[0] === ''))
    return 'conflict';
  if (takesOlder && older.length) inHeader.add(older[0] || '-');
  const name = options.dev ? 'coatcheck=' : '__Host-Http-coatcheck=';
  const inCookie = new Set<string>();
  for (const value of all(asked, 'cookie'))
    for (const pair of value.split(';')) {
      const text = pair.replace(/^ +/, '');
      if (text.startsWith(name) && text.length > name.length) inCookie.add(text.slice(name.length));
    }
  const tokens = new Set([...inHeader, ...inCookie]);
  if (tokens.size > 1) return 'conflict';
  return {
    token: [...tokens][0] ?? '',
    byCookie: inHeader.size === 0,
    ...(takesOlder && users.length && { user: users[0]! }),
  };
}

function siteIsAllowed(asked: Asked, { origins = [], origin: own }: CredentialOptions): boolean {
  const [sites, froms] = [all(asked, 'sec-fetch-site'), all(asked, 'origin')];
  if (sites.length > 1) return false;
  const from = froms.length === 1 ? froms[0]! : '';
  const isListed = origins.includes(from);
  const site = sites[0];
  if (site) return site === 'same-origin' || ((site === 'same-site' || site === 'cross-site') && isListed);
  if (froms.length) return (own !== undefined && from === own) || isListed;
  const marks = all(asked, 'x-coatcheck');
  return marks.length === 1 && marks[0] === '1';
}

const isTaken = (dialect: boolean | Date = false): boolean =>
  dialect instanceof Date ? Date.now() < dialect.getTime() : dialect;

/** The verdict on a request. If it refuses an X-TOKEN, it sets `envelope`, which `refusal` needs. */
export async function authenticate(
  verifier: Verifier,
  asked: Asked,
  options: CredentialOptions = {},
): Promise<Verdict> {
  const verdict = await judge(verifier, asked, options);
  return !verdict.ok && isTaken(options.xToken) && all(asked, 'x-token').length
    ? { ...verdict, envelope: true }
    : verdict;
}

async function judge(verifier: Verifier, asked: Asked, options: CredentialOptions): Promise<Verdict> {
  const found = find(asked, options);
  if (found === 'conflict') return no('credential_conflict');
  if (!found.token) return no('token_missing');
  if (found.byCookie && !isSafe(asked) && !siteIsAllowed(asked, options)) return no('csrf_refused');
  const verdict = await verifier.check(found.token);
  return verdict.ok && found.user !== undefined && found.user !== verdict.user.id
    ? no('token_not_ours')
    : verdict;
}

/**
 * The answer to a refused request: a problem document (RFC 9457) and a WWW-Authenticate header (RFC 6750 §3).
 * With `envelope`, the body is {success, data, detail}.
 */
export function refusal(
  code: Code,
  envelope = false,
): { status: number; headers: Record<string, string>; body: string } {
  const status = statusOf(code);
  const title = TITLES[code];
  const error =
    code.startsWith('token_') && code !== 'token_missing'
      ? `, error="invalid_token", error_description="${title}"`
      : '';
  return {
    status,
    headers: {
      'Content-Type': envelope ? 'application/json' : 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(status === 401 && { 'WWW-Authenticate': `Bearer realm="coatcheck"${error}, code="${code}"` }),
      ...(status === 503 && { 'Retry-After': '1' }),
    },
    body: JSON.stringify(
      envelope
        ? { success: false, data: null, detail: { message: title, error: code } }
        : { type: `urn:coatcheck:problem:${code}`, title, status, code },
    ),
  };
}
