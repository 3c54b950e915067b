// SPDX-License-Identifier: Apache-2.0
// Calls to Coatcheck itself. They send and receive JSON, and every refusal becomes an error with the server's
// code.
import { CoatcheckError } from './errors.js';
import { ignore } from './keeping.js';
import type { State } from './session.js';
import type { Problem } from './wire.js';

/** As Abortable, and as the options of `fetch`. */
export interface Signalled {
  signal?: AbortSignal | null | undefined;
}

export interface CallOptions extends Signalled {
  body?: object | undefined;
  /** Whether the request sends cookies and keeps those of the answer. */
  cookies?: boolean;
  /** An access token for the Authorization header. */
  token?: string | undefined;
}

/**
 * Stops waiting for `work` when the signal aborts. The work itself goes on, because others may wait for it.
 */
export const orAborted = <T>(work: Promise<T>, { signal }: Signalled = {}): Promise<T> =>
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
  const said = answer.status === 204 || (await answer.json().catch(ignore));
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

/** Calls a route of Coatcheck. A call that hangs ends after the timeout, so it does not block for ever. */
export async function callServer<T>(
  { url, pageFetch, timeout = 15_000 }: State,
  method: string,
  path: string,
  { body, cookies, token, signal }: CallOptions = {},
): Promise<T> {
  const limit = AbortSignal.timeout(timeout);
  const answer = await pageFetch(`${url}/api/v1/${path}`, {
    method,
    credentials: cookies ? 'include' : 'omit',
    headers: {
      // The last resort of the CSRF rule, for browsers that do not say which site sent a request.
      'X-Coatcheck': '1',
      'Content-Type': 'application/json',
      ...(token && { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body) as string | null,
    signal: AbortSignal.any([signal ?? limit, limit]),
  }).catch(() => {
    signal?.throwIfAborted();
    throw new CoatcheckError('network_error');
  });
  return read(answer);
}
