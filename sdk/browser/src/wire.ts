// SPDX-License-Identifier: Apache-2.0
// What goes over the wire, named as in api/openapi.yaml. Times are Unix seconds.

/** Who is signed in, as the server tells it. */
export interface User {
  id: string;
  username: string;
  email: string | null;
  roles: string[];
  /** The application's own claims, from the user's record. */
  claims: Record<string, unknown>;
}

/** One of the user's sessions: a browser, a phone, a script. */
export interface SessionInfo {
  id: string;
  device: string;
  address: string;
  created_at: number;
  last_used_at: number;
  idle_expires_at: number;
  expires_at: number;
  delivery: 'hybrid' | 'body' | 'cookie';
  /** True for the one that asks. */
  current: boolean;
}

/** The answer to sign-in, to refresh and, without tokens, to "who am I". */
export interface Answer {
  token?: string;
  refresh_token?: string;
  expires_in: number;
  expires_at: number;
  user: User;
  session: SessionInfo;
}

/** RFC 9457, with our members. */
export interface Problem {
  code: string;
  title: string;
  status: number;
  detail?: string;
  member?: string;
  retry_after?: number;
}
