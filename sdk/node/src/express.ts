// SPDX-License-Identifier: Apache-2.0
// import { coatcheck } from '@coatcheck/node/express'; app.use('/api', coatcheck(verifier))
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authenticate, type CredentialOptions, refusal } from './credentials.js';
import type { User } from './verdict.js';
import type { Verifier } from './verifier.js';

declare global {
  namespace Express {
    interface Request {
      /** The user who calls; `coatcheck()` sets it. */
      user?: User;
    }
  }
}

export interface ExpressOptions extends CredentialOptions {
  /** Lets a request without a token pass, without a user. A request with a bad token is still refused. */
  optional?: boolean;
}

/**
 * Middleware for Express and for frameworks that accept Express middleware. It sets `request.user`, or
 * answers 401, 403, 400 or 503.
 */
export function coatcheck(verifier: Verifier, { optional = false, ...options }: ExpressOptions = {}) {
  return (
    request: IncomingMessage & { user?: User },
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void => {
    authenticate(
      verifier,
      { method: request.method ?? '', headers: request.headers, rawHeaders: request.rawHeaders },
      options,
    ).then((verdict) => {
      if (verdict.ok) {
        request.user = verdict.user;
        return next();
      }
      if (optional && verdict.code === 'token_missing') return next();
      const { status, headers, body } = refusal(verdict.code, verdict.envelope);
      response.writeHead(status, headers).end(body);
    }, next);
  };
}
