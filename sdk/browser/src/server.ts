// SPDX-License-Identifier: Apache-2.0
// Calls to Coatcheck itself. They send and receive JSON, and every refusal becomes an error with the server's
// code.
import { CoatcheckError } from './errors.js';
import type { Problem } from './wire.js';

export interface CallOptions {
  body?: object | undefined;
  /** Whether the request sends cookies and keeps those of the answer. */
  cookies?: boolean;
  /** An access token for the Authorization header. */
  token?: string | undefined;
  signal?: AbortSignal | undefined;
}

export type Call = <T>(method: string, path: string, options?: CallOptions) => Promise<T>;

/**
 * Stops waiting for `work` when the signal aborts. The work itself goes on, because others may wait for it.
 */
export const orAborted = <T>(work: Promise<T>, signal?: AbortSignal | null): Promise<T> =>
  signal
    ? new Promise((resolve, reject) => {
        const stop = () => reject(signal.reason);
        work.finally(() => signal.removeEventListener('abort', stop)).then(resolve, reject);
        signal.throwIfAborted();
        signal.addEventListener('abort', stop);
      })
    : work;

/** Gives the body of an answer. Throws CoatcheckError for any answer other than 2xx. */
export async function read<T>(answer: Response): Promise<T> {
  const said = answer.status === 204 || (await answer.json().catch(() => 0));
  if (answer.ok && said) return said;
  const {
    code = 'invalid_answer',
    title = code,
    detail = '',
    retry_after,
    member,
  } = (said || {}) as Partial<Problem>;
  throw new CoatcheckError(code, `${title} ${detail}`.trim(), answer.status, retry_after, member);
}

/** `milliseconds` limits each call, so that a call that hangs does not block the client for ever. */
export const caller =
  (api: string, send: typeof fetch, milliseconds: number): Call =>
  async (method, path, { body, cookies, token, signal } = {}) => {
    const timeout = AbortSignal.timeout(milliseconds);
    const answer = await send(api + path, {
      method,
      credentials: cookies ? 'include' : 'omit',
      headers: {
        // The last resort of the CSRF rule, for browsers that do not say which site sent a request.
        'X-Coatcheck': '1',
        'Content-Type': 'application/json',
        ...(token && { Authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body) as string | null,
      signal: AbortSignal.any([signal ?? timeout, timeout]),
    }).catch(() => {
      signal?.throwIfAborted();
      throw new CoatcheckError('network_error');
    });
    return read(answer);
  };
