// SPDX-License-Identifier: Apache-2.0
// Clients for Node.js: openid-client, oauth4webapi.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { API, addClient, startOAuth, Visitor } from './support.js';

const CALLBACK = 'https://app.example/cb';

let coatcheck;
before(async () => {
  coatcheck = await startOAuth();
});
after(() => coatcheck?.stop());

const who = async (token) => {
  const answer = await fetch(`${coatcheck.url}/api/v1/verify?resource=${encodeURIComponent(API)}`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  return { status: answer.status, user: answer.headers.get('x-auth-username') };
};

describe('openid-client', () => {
  const configure = (registered, auth) =>
    client.discovery(new URL(coatcheck.url), registered.client_id, undefined, auth, {
      execute: [client.allowInsecureRequests],
    });

  async function signIn(config, visitor, parameters) {
    const verifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const nonce = client.randomNonce();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: 'openid profile',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...parameters,
    });
    const back = await visitor.visit(url);
    assert.ok(back.href.startsWith(CALLBACK), back.href);
    return client.authorizationCodeGrant(config, back, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
  }

  for (const [method, auth] of [
    ['client_secret_basic', (secret) => client.ClientSecretBasic(secret)],
    ['client_secret_post', (secret) => client.ClientSecretPost(secret)],
  ])
    test(`a server with ${method}: signs in, calls, refreshes, revokes, signs out`, async () => {
      const registered = addClient(
        coatcheck,
        ...['web', `Notes by ${method}`, '--redirect', CALLBACK, '--auth', method],
        ...['--post-logout-redirect', 'https://app.example/bye'],
      );
      const config = await configure(registered, auth(registered.client_secret));
      const visitor = new Visitor(coatcheck.url);
      const tokens = await signIn(config, visitor, { resource: API, scope: 'openid profile posts:read' });
      assert.equal(tokens.claims().preferred_username, 'ada');
      assert.deepEqual(await who(tokens.access_token), { status: 200, user: 'ada' });
      const info = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
      assert.equal(info.preferred_username, 'ada');

      const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
      assert.equal(refreshed.refresh_token, tokens.refresh_token, 'a client with a secret keeps its token');
      assert.equal(refreshed.claims().sub, tokens.claims().sub);
      assert.deepEqual(await who(refreshed.access_token), { status: 200, user: 'ada' });

      const again = await signIn(config, visitor, { scope: 'openid' });
      assert.equal(visitor.pages.length, 2, 'signed in and asked once');
      assert.equal(again.claims().sub, tokens.claims().sub);

      await client.tokenRevocation(config, refreshed.access_token);
      assert.equal((await who(tokens.access_token)).status, 401, 'the grant is over');
      await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), {
        error: 'invalid_grant',
      });

      const away = client.buildEndSessionUrl(config, {
        id_token_hint: again.id_token,
        post_logout_redirect_uri: 'https://app.example/bye',
        state: 'x',
      });
      assert.equal((await visitor.visit(away)).href, 'https://app.example/bye?state=x');
      await assert.rejects(client.refreshTokenGrant(config, again.refresh_token), { error: 'invalid_grant' });
    });

  test('a browser app without a secret: its refresh token rotates, and an old one ends the grant', async () => {
    const registered = addClient(coatcheck, 'browser', 'Board', '--redirect', CALLBACK);
    const config = await configure(registered, client.None());
    const tokens = await signIn(config, new Visitor(coatcheck.url), {});
    const second = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(second.refresh_token, tokens.refresh_token);
    const same = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.equal(same.refresh_token, second.refresh_token, 'within the grace: the same successor');
  });

  test('a service: client credentials', async () => {
    const registered = addClient(coatcheck, 'service', 'Cron', '--default-resource', API);
    const config = await configure(registered, client.ClientSecretBasic(registered.client_secret));
    const tokens = await client.clientCredentialsGrant(config, { scope: 'posts:read posts:write' });
    assert.equal(tokens.scope, 'posts:read posts:write');
    assert.deepEqual(await who(tokens.access_token), {
      status: 200,
      user: encodeURIComponent(`client:${registered.client_id}`),
    });
    coatcheck.command(['client', 'disable', registered.client_id]);
    assert.equal((await who(tokens.access_token)).status, 401);
    await assert.rejects(client.clientCredentialsGrant(config), { status: 401 });
  });

  test('the user says no', async () => {
    const registered = addClient(coatcheck, 'web', 'Nosy', '--redirect', CALLBACK);
    const config = await configure(registered, client.ClientSecretBasic(registered.client_secret));
    await assert.rejects(signIn(config, new Visitor(coatcheck.url, { decision: 'deny' }), {}), {
      error: 'access_denied',
    });
  });
});

describe('oauth4webapi', () => {
  test('signs in, and refreshes', async () => {
    const registered = addClient(coatcheck, 'web', 'Web API', '--redirect', CALLBACK);
    const insecure = { [oauth.allowInsecureRequests]: true };
    const issuer = new URL(coatcheck.url);
    const server = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, insecure),
    );
    const me = { client_id: registered.client_id };
    const proof = oauth.ClientSecretBasic(registered.client_secret);
    const verifier = oauth.generateRandomCodeVerifier();
    const nonce = oauth.generateRandomNonce();
    const url = new URL(server.authorization_endpoint);
    for (const [name, value] of Object.entries({
      client_id: registered.client_id,
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'openid',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      nonce,
      max_age: '3600',
    }))
      url.searchParams.set(name, value);
    const back = await new Visitor(coatcheck.url).visit(url);
    const parameters = oauth.validateAuthResponse(server, me, back, oauth.expectNoState);
    const answer = await oauth.authorizationCodeGrantRequest(
      ...[server, me, proof, parameters, CALLBACK, verifier, insecure],
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, me, answer, {
      expectedNonce: nonce,
      requireIdToken: true,
      maxAge: 3600,
    });
    await oauth.validateApplicationLevelSignature(server, answer, insecure);
    const refreshed = await oauth.processRefreshTokenResponse(
      server,
      me,
      await oauth.refreshTokenGrantRequest(server, me, proof, tokens.refresh_token, insecure),
    );
    assert.equal(oauth.getValidatedIdTokenClaims(refreshed).sub, oauth.getValidatedIdTokenClaims(tokens).sub);
  });
});
