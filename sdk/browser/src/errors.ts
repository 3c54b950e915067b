// SPDX-License-Identifier: Apache-2.0

/** Codes that the server does not send, because the client makes them itself. */
export type LocalCode =
  | 'network_error' // no answer arrived: nothing has changed
  | 'user_changed' // another user signed in in another tab, so the client did not send the request
  | 'invalid_answer'; // the answer is not one of the server's

/** The only error of this package. But aborting a call throws the signal's reason, as `fetch` does. */
export class CoatcheckError extends Error {
  constructor(
    /** The server's `code`, such as `invalid_credentials` or `too_many_attempts`, or a local one. */
    readonly code: LocalCode | (string & {}),
    message: string = code,
    /** The HTTP status; 0 if no answer arrived. */
    readonly status = 0,
    /** Seconds to wait before another attempt, if the server names them. */
    readonly retryAfter?: number,
    /** The member of the request body that is wrong, if the server names one. */
    readonly member?: string,
  ) {
    super(message);
    this.name = 'CoatcheckError';
  }
}
