// SPDX-License-Identifier: Apache-2.0
// Reads a token and its claims by the server's rules (src/token/claims.cpp): the size, three canonical
// base64url parts, JSON objects with unique members, and the right type for every claim.
import { type Json, parseObject } from './json.js';

export const MAX_TOKEN_BYTES = 8192;
export const MAX_HEADER_BYTES = 1024;
export const MAX_HEADER_MEMBERS = 64;
const MAX_CLAIMS = 128;
const YEAR_9999 = 253402300799;

export interface CompactToken {
  alg: string;
  kid: string;
  /** Lower case, without "application/"; empty if absent. */
  typ: string;
  claims: { [name: string]: Json };
}

/** The claims of a proven token. Times are milliseconds since 1970. */
export interface Claims {
  issuer: string;
  audience: string[];
  subject: string;
  session: string;
  username: string;
  roles: string[];
  scope: string;
  version: bigint;
  issued: number;
  expires: number;
  notBefore: number;
  /** All members as JSON.parse gives them, including the application's own claims. */
  all: Record<string, unknown>;
}

/**
 * Decodes canonical base64url (RFC 7515 §2): encoding the bytes again must give the same text. Otherwise
 * undefined.
 */
export function decode(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return part !== '' && bytes.toString('base64url') === part ? bytes : undefined;
}

const text = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

/** Parses by RFC 7515 §5.2 and trusts nothing yet. Gives undefined if the token is malformed. */
export function parseCompact(token: string): CompactToken | undefined {
  if (typeof token !== 'string' || token === '' || token.length > MAX_TOKEN_BYTES) return undefined;
  const parts = token.split('.', 4);
  if (parts.length !== 3) return undefined;
  const [header, payload, signature] = parts.map(decode);
  if (!header || !payload || !signature || header.length > MAX_HEADER_BYTES) return undefined;
  const members = parseObject(header, MAX_HEADER_MEMBERS);
  if (!members || 'crit' in members || 'b64' in members) return undefined;
  const [alg, kid, typ] = [
    text(members.alg),
    'kid' in members ? text(members.kid) : '',
    'typ' in members ? text(members.typ) : '',
  ];
  if (alg === undefined || kid === undefined || typ === undefined) return undefined;
  const claims = parseObject(payload, MAX_CLAIMS);
  return claims && { alg, kid, typ: lower(typ).replace(/^application\//, ''), claims };
}

/** Lowers ASCII letters only, as the server does. */
const lower = (name: string): string => name.replace(/[A-Z]/g, (sign) => sign.toLowerCase());

/** NumericDate (RFC 7519 §2) in milliseconds. */
function date(value: Json | undefined): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const seconds = Number(value);
  return seconds >= 0 && seconds <= YEAR_9999 ? Math.floor(seconds * 1000) : undefined;
}

function texts(value: Json | undefined): string[] | undefined {
  return Array.isArray(value) && value.every((element) => typeof element === 'string')
    ? (value as string[])
    : undefined;
}

/** The claims of a foreign JWT that count here; undefined if the token is malformed. */
export function readForeignClaims(
  found: CompactToken['claims'],
  subjectClaim: string,
): { subject: string; audience: string[]; issued: number; notBefore: number; expires?: number } | undefined {
  const named = Object.hasOwn(found, subjectClaim) ? found[subjectClaim] : undefined;
  const subject = typeof named === 'bigint' && named >= 0n ? `${named}` : text(named);
  const audience = 'aud' in found ? (typeof found.aud === 'string' ? [found.aud] : texts(found.aud)) : [];
  const [issued, notBefore, expires] = [
    date(found.iat),
    'nbf' in found ? date(found.nbf) : 0,
    'exp' in found ? date(found.exp) : undefined,
  ];
  if (
    subject === undefined ||
    !audience ||
    ('aud' in found && !audience.length) ||
    issued === undefined ||
    notBefore === undefined ||
    ('exp' in found && expires === undefined)
  )
    return undefined;
  return { subject, audience, issued, notBefore, ...(expires !== undefined && { expires }) };
}

/** The claims of a token whose signature is good; undefined if the token is malformed. */
export function readClaims(token: string, found: CompactToken['claims']): Claims | undefined {
  const [issuer, subject, session, username, scope] = [
    text(found.iss),
    text(found.sub),
    text(found.sid),
    text(found.preferred_username),
    text(found.scope),
  ];
  const audience = typeof found.aud === 'string' ? [found.aud] : texts(found.aud);
  const [roles, issued, expires, authenticated] = [
    texts(found.roles),
    date(found.iat),
    date(found.exp),
    date(found.auth_time),
  ];
  const notBefore = 'nbf' in found ? date(found.nbf) : 0;
  if (
    issuer === undefined ||
    !subject ||
    session === undefined ||
    username === undefined ||
    scope === undefined
  )
    return undefined;
  if (
    !audience?.length ||
    !roles ||
    issued === undefined ||
    expires === undefined ||
    authenticated === undefined ||
    notBefore === undefined
  )
    return undefined;
  if (
    typeof found.jti !== 'string' ||
    typeof found.client_id !== 'string' ||
    typeof found.ver !== 'bigint' ||
    found.ver < 0n
  )
    return undefined;
  const all = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
  return {
    issuer,
    audience,
    subject,
    session,
    username,
    roles,
    scope,
    version: found.ver,
    issued,
    expires,
    notBefore,
    all,
  };
}
