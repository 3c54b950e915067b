// SPDX-License-Identifier: Apache-2.0
// import { coatcheck } from '@coatcheck/node/express'; app.use('/api', coatcheck(verifier))
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authenticate, type CredentialOptions, isPreflight, refusal } from './credentials.js';
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
 * answers 401, 403, 400 or 503. A preflight (CORS) without a token passes, without a user.
 */
export function coatcheck(verifier: Verifier, { optional = false, ...options }: ExpressOptions = {}) {
  return (
    request: IncomingMessage & { user?: User },
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void => {
    const { method = '', headers, rawHeaders } = request;
    const asked = { method, headers, rawHeaders };
    authenticate(verifier, asked, options).then((verdict) => {
      if (verdict.ok) {
        request.user = verdict.user;
        return next();
      }
      if (verdict.code === 'token_missing' && (optional || isPreflight(asked))) return next();
      const refused = refusal(verdict.code, verdict.envelope);
      response.writeHead(refused.status, refused.headers).end(refused.body);
    }, next);
  };
}
