// SPDX-License-Identifier: Apache-2.0
// import { coatcheck } from '@coatcheck/node/fastify'; fastify.register(coatcheck, { verifier })
import type { IncomingMessage } from 'node:http';
import { authenticate, type CredentialOptions, isPreflight, refusal } from './credentials.js';
import type { User } from './verdict.js';
import type { Verifier } from './verifier.js';

export interface FastifyOptions extends CredentialOptions {
  verifier: Verifier;
  /** Lets a request without a token pass, without a user. */
  optional?: boolean;
}

interface Request {
  raw: IncomingMessage;
  user?: User | null;
}

interface Reply {
  code(status: number): Reply;
  headers(headers: Record<string, string>): Reply;
  send(body: string): unknown;
}

interface Instance {
  decorateRequest(name: string, value: null): unknown;
  addHook(name: 'onRequest', hook: (request: any, reply: any) => Promise<unknown>): unknown;
}

/**
 * A plugin. On every route of the scope that registers it, it sets `request.user`, or answers 401, 403, 400
 * or 503. A preflight (CORS) without a token passes, without a user.
 */
export async function coatcheck(
  instance: Instance,
  { verifier, optional = false, ...options }: FastifyOptions,
): Promise<void> {
  instance.decorateRequest('user', null);
  instance.addHook('onRequest', async (request: Request, reply: Reply) => {
    const { method = '', headers, rawHeaders } = request.raw;
    const asked = { method, headers, rawHeaders };
    const verdict = await authenticate(verifier, asked, options);
    if (verdict.ok) request.user = verdict.user;
    else if (verdict.code !== 'token_missing' || !(optional || isPreflight(asked))) {
      const { status, headers, body } = refusal(verdict.code, verdict.envelope);
      return reply.code(status).headers(headers).send(body);
    }
    return undefined;
  });
}

// Without skip-override Fastify would give the plugin a scope of its own, and the hook would not reach the
// caller's routes.
Object.assign(coatcheck, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'coatcheck',
});
