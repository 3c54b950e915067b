// SPDX-License-Identifier: Apache-2.0
// Verifies tokens with the `jose` package, as an API would, with only the URL of the key set.
// Standard input: {"jwks", "issuer", "audience", "algorithm", "tokens": {name: token}}.
// Standard output: {name: {"sub", "kid"} or {"error"}}.

import { createRemoteJWKSet, jwtVerify } from 'jose';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { jwks, issuer, audience, algorithm, tokens } = JSON.parse(Buffer.concat(chunks).toString('utf8'));

const keys = createRemoteJWKSet(new URL(jwks));
const verdicts = {};
for (const [name, token] of Object.entries(tokens)) {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: [algorithm],
      typ: 'at+jwt',
      requiredClaims: ['exp', 'iat', 'sub', 'jti'],
    });
    verdicts[name] = { sub: payload.sub, kid: protectedHeader.kid };
  } catch (error) {
    verdicts[name] = { error: error.code ?? String(error) };
  }
}
process.stdout.write(JSON.stringify(verdicts));
