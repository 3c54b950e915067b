// SPDX-License-Identifier: Apache-2.0
// Calls to Coatcheck itself: JSON in and out, every "no" an error with the server's code.
import { CoatcheckError } from './errors.js';
import type { Problem } from './wire.js';

export interface CallOptions {
  body?: object | undefined;
  /** Whether cookies go with it and are taken from the answer. */
  cookies?: boolean;
  /** An access token for the header. */
  token?: string | undefined;
  signal?: AbortSignal | undefined;
}

export type Call = <T>(method: string, path: string, options?: CallOptions) => Promise<T>;

/** Gives up on `work` when the signal says so; the work itself goes on, for others may wait for it. */
export const orAborted = <T>(work: Promise<T>, signal?: AbortSignal | null): Promise<T> =>
  signal
    ? new Promise((resolve, reject) => {
        const stop = () => reject(signal.reason);
        work.finally(() => signal.removeEventListener('abort', stop)).then(resolve, reject);
        signal.throwIfAborted();
        signal.addEventListener('abort', stop);
      })
    : work;

/** The body of an answer; throws the error that an answer other than 2xx stands for. */
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

/** `milliseconds`: how long a call may take, so that one which hangs holds nobody up for good. */
export const caller =
  (api: string, send: typeof fetch, milliseconds: number): Call =>
  async (method, path, { body, cookies, token, signal } = {}) => {
    const timeout = AbortSignal.timeout(milliseconds);
    const answer = await send(api + path, {
      method,
      credentials: cookies ? 'include' : 'omit',
      headers: {
        // The last resort of the CSRF rule, for browsers that do not say where a request comes from.
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
