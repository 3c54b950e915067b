// SPDX-License-Identifier: Apache-2.0

/** Codes as the server has them (components.schemas.ProblemCode of its OpenAPI document). */
export type Code =
  | 'token_missing'
  | 'token_malformed'
  | 'token_not_ours'
  | 'token_not_yet_valid'
  | 'token_expired'
  | 'token_revoked'
  | 'token_stale'
  | 'credential_conflict'
  | 'csrf_refused'
  | 'unavailable'; // keys or revocations are not known, or were known too long ago

export const TITLES: Record<Code, string> = {
  token_missing: 'No token came with the request.',
  token_malformed: 'This is not a token in its one canonical form.',
  token_not_ours: 'This token was not issued here, or not for this.',
  token_not_yet_valid: 'This token was issued in the future.',
  token_expired: 'The token has expired. Refresh, or sign in again.',
  token_revoked: 'The session has ended. Sign in again.',
  token_stale: 'Roles or claims have changed. Refresh and go on.',
  credential_conflict: 'Two different credentials came with one request.',
  csrf_refused: 'The request came from another site.',
  unavailable: 'Tokens cannot be checked just now.',
};

const STATUS: Partial<Record<Code, number>> = {
  credential_conflict: 400,
  csrf_refused: 403,
  unavailable: 503,
};

export const statusOf = (code: Code): number => STATUS[code] ?? 401;

/** Who is calling. */
export interface User {
  /** The token's `sub`. */
  id: string;
  username: string;
  roles: string[];
  scope: string;
  /** The session's id. */
  session: string;
  /** When the token expires. */
  expiresAt: Date;
  /** All claims, the application's own among them. */
  claims: Record<string, unknown>;
}

export type Verdict =
  | { ok: true; user: User }
  | {
      ok: false;
      code: Code;
      status: number /** Who asked was written to {success, data, detail}: X-TOKEN. */;
      envelope?: true;
    };

export const no = (code: Code): Verdict => ({ ok: false, code, status: statusOf(code) });
