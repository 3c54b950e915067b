// SPDX-License-Identifier: Apache-2.0

import { type Code, STATUS } from './codes.js';

export { type Code, TITLES } from './codes.js';

export const statusOf = (code: Code): number => STATUS[code] ?? 401;

/** The user who calls. */
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
  /** All claims, including the application's own. */
  claims: Record<string, unknown>;
}

export type Verdict =
  | { ok: true; user: User }
  | {
      ok: false;
      code: Code;
      status: number /** The request came with X-TOKEN: its answer is {success, data, detail}. */;
      envelope?: true;
    };

export const no = (code: Code): Verdict => ({ ok: false, code, status: statusOf(code) });
