// SPDX-License-Identifier: Apache-2.0
// Servers for Node.js that sign users in by OpenID Connect: express-openid-connect, @auth/core,
// passport-openidconnect.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Auth, skipCSRFCheck } from '@auth/core';
import express from 'express';
import openid from 'express-openid-connect';
import session from 'express-session';
import passport from 'passport';
import OpenIDConnectStrategy from 'passport-openidconnect';
import { addClient, freePort, startOAuth, Visitor } from './support.js';

let coatcheck;
before(async () => {
  coatcheck = await startOAuth();
});
after(() => coatcheck?.stop());

/** Serves an application that `make(origin)` gives, while `work(visitor, origin)` runs. */
async function serving(make, work) {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const server = createServer(await make(origin));
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  try {
    await work(new Visitor(origin, { coatcheck: coatcheck.url }), origin);
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

test('express-openid-connect: signs in and out', () =>
  serving(
    (origin) => {
      const registered = addClient(
        coatcheck,
        ...['web', 'Express', '--redirect', `${origin}/callback`, '--post-logout-redirect', `${origin}/bye`],
      );
      const app = express();
      app.use(
        openid.auth({
          issuerBaseURL: coatcheck.url,
          baseURL: origin,
          clientID: registered.client_id,
          clientSecret: registered.client_secret,
          secret: randomBytes(32).toString('hex'),
          authorizationParams: { response_type: 'code', scope: 'openid profile' },
          clientAuthMethod: 'client_secret_basic',
          idTokenSigningAlg: 'ES256',
          idpLogout: true,
          authRequired: false,
          routes: { postLogoutRedirect: '/bye' },
        }),
      );
      app.get('/', openid.requiresAuth(), (request, response) =>
        response.send(request.oidc.user.preferred_username),
      );
      app.get('/bye', (_request, response) => response.send('bye'));
      return app;
    },
    async (visitor) => {
      assert.equal((await visitor.go('/')).page, 'ada');
      assert.equal((await visitor.go('/logout')).page, 'bye');
      assert.equal(visitor.cookiesOf(coatcheck.url).size, 0, 'signed out here as well');
    },
  ));

test('@auth/core: signs in', () =>
  serving(
    (origin) => {
      const registered = addClient(
        coatcheck,
        ...['web', 'Auth.js', '--redirect', `${origin}/auth/callback/coatcheck`],
      );
      const options = {
        basePath: '/auth',
        trustHost: true,
        secret: randomBytes(32).toString('hex'),
        skipCSRFCheck,
        providers: [
          {
            id: 'coatcheck',
            name: 'Coatcheck',
            type: 'oidc',
            issuer: coatcheck.url,
            clientId: registered.client_id,
            clientSecret: registered.client_secret,
            checks: ['pkce', 'state', 'nonce'],
            client: { id_token_signed_response_alg: 'ES256' },
            authorization: { params: { scope: 'openid profile' } },
            profile: (claims) => ({ id: claims.sub, name: claims.preferred_username }),
          },
        ],
      };
      return async (incoming, outgoing) => {
        let body = '';
        for await (const part of incoming) body += part;
        const answer = await Auth(
          new Request(new URL(incoming.url, origin), {
            method: incoming.method,
            headers: incoming.headers,
            ...(body && { body }),
          }),
          options,
        );
        outgoing.writeHead(answer.status, [
          ...[...answer.headers].filter(([name]) => name !== 'set-cookie').flat(),
          ...answer.headers.getSetCookie().flatMap((cookie) => ['set-cookie', cookie]),
        ]);
        outgoing.end(await answer.text());
      };
    },
    async (visitor, origin) => {
      await visitor.send(`${origin}/auth/signin/coatcheck`, { callbackUrl: `${origin}/auth/session` });
      const { page } = await visitor.go('/auth/session');
      assert.equal(JSON.parse(page).user.name, 'ada');
    },
  ));

/** passport-openidconnect 0.1.2 has no PKCE, which this server demands of every client. */
class WithPkce extends OpenIDConnectStrategy {
  // One user at a time: an application keeps the verifier in the user's session. Passport makes an object for
  // each request, which inherits from the strategy, so a member would be lost.
  #verifiers = [];
  constructor(...words) {
    super(...words);
    const verifiers = this.#verifiers;
    const redeem = this._oauth2.getOAuthAccessToken.bind(this._oauth2);
    this._oauth2.getOAuthAccessToken = (code, parameters, done) =>
      redeem(code, { ...parameters, code_verifier: verifiers.pop() }, done);
    this.authorizationParams = () => {
      const verifier = randomBytes(32).toString('base64url');
      verifiers.push(verifier);
      const challenge = createHash('sha256').update(verifier).digest('base64url');
      return { code_challenge: challenge, code_challenge_method: 'S256' };
    };
  }
}

for (const [name, Strategy, outcome] of [
  ['with PKCE: signs in', WithPkce, 'ada'],
  ['as it is: told that PKCE is required', OpenIDConnectStrategy, 'PKCE is required'],
])
  test(`passport-openidconnect ${name}`, () =>
    serving(
      (origin) => {
        const registered = addClient(
          coatcheck,
          ...['web', `Passport ${name.length}`, '--redirect', `${origin}/cb`, '--auth', 'client_secret_post'],
        );
        const users = new passport.Passport();
        users.serializeUser((user, done) => done(null, user));
        users.deserializeUser((user, done) => done(null, user));
        users.use(
          'coatcheck',
          new Strategy(
            {
              issuer: coatcheck.url,
              authorizationURL: `${coatcheck.url}/oauth2/authorize`,
              tokenURL: `${coatcheck.url}/oauth2/token`,
              userInfoURL: `${coatcheck.url}/oauth2/userinfo`,
              clientID: registered.client_id,
              clientSecret: registered.client_secret,
              callbackURL: `${origin}/cb`,
              scope: ['profile'],
            },
            (_issuer, profile, done) => done(null, { name: profile.username ?? profile.id }),
          ),
        );
        const app = express();
        app.use(session({ secret: 'only for this test', resave: false, saveUninitialized: false }));
        app.use(users.session());
        app.get('/in', users.authenticate('coatcheck'));
        app.get('/cb', (request, response, next) =>
          users.authenticate('coatcheck', (error, user, info) => {
            if (error || !user) return response.send(String(error ?? info?.message));
            request.logIn(user, () => response.send(user.name));
          })(request, response, next),
        );
        return app;
      },
      async (visitor) => {
        const { page } = await visitor.go('/in');
        assert.ok(page.includes(outcome), page);
      },
    ));
