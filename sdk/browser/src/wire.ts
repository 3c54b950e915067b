// SPDX-License-Identifier: Apache-2.0
// The data that goes over the wire, with the names of api/openapi.yaml. Times are Unix seconds.

/** The user who is signed in, as the server describes the account. */
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
  /** True for the session that made the request. */
  current: boolean;
}

/**
 * The answer to a sign-in, to a refresh and, without tokens, to "who am I" (`GET /api/v1/authentication`).
 */
export interface Answer {
  token?: string;
  refresh_token?: string;
  expires_in: number;
  expires_at: number;
  user: User;
  session: SessionInfo;
}

/** A problem document (RFC 9457), with our own members. */
export interface Problem {
  code: string;
  title: string;
  status: number;
  detail?: string;
  member?: string;
  retry_after?: number;
}
