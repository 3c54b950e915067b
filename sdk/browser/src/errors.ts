// SPDX-License-Identifier: Apache-2.0

/** Codes that the server does not send: these arise in the browser. */
export type LocalCode =
  | 'network_error' // no answer came: nothing has changed
  | 'user_changed' // another user signed in, in another tab, before the request was sent: it was not
  | 'invalid_answer'; // an answer that is not the server's

/** The one error of this package. Aborting a call throws what the signal says instead, as `fetch` does. */
export class CoatcheckError extends Error {
  constructor(
    /** The server's `code`, such as `invalid_credentials` or `too_many_attempts`, or a local one. */
    readonly code: LocalCode | (string & {}),
    message: string = code,
    /** The HTTP status; 0 where no answer came. */
    readonly status = 0,
    /** Seconds to wait before another attempt, where the server says so. */
    readonly retryAfter?: number,
    /** The member of the form that is wrong, where one is. */
    readonly member?: string,
  ) {
    super(message);
    this.name = 'CoatcheckError';
  }
}
