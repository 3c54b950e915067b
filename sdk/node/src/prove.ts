// SPDX-License-Identifier: Apache-2.0
// The checks of a token that need neither a clock nor revocations, in the server's order: form, key and algorithm,
// signature, typ, iss and aud.
import { compactVerify } from 'jose';
import { decrypt, isEncrypted } from './jwe.js';
import { algorithmNamed, type Keys } from './keys.js';
import { type Claims, parseCompact, readClaims } from './token.js';
import type { Code } from './verdict.js';

/** The keys of encrypted tokens. With `only`, other tokens are refused. */
export interface Encryption {
  keys: Map<string, Buffer>;
  only: boolean;
}

/**
 * Checks everything about a token except time and revocation. Every verifier of one issuer gets the same
 * result.
 */
export async function prove(
  token: string,
  keys: Keys,
  issuer: string,
  audience: string,
  encryption?: Encryption,
): Promise<Claims | Code> {
  if (encryption) {
    if (isEncrypted(token)) {
      const inner = decrypt(token, encryption.keys);
      return typeof inner === 'string' ? inner : prove(inner.jwt, keys, issuer, audience);
    }
    if (encryption.only) return parseCompact(token) ? 'token_not_ours' : 'token_malformed';
  }
  const parts = parseCompact(token);
  if (!parts) return 'token_malformed';
  const key = await keys.find(parts.kid);
  // The key decides the algorithm, and the header must name the same one (RFC 8725 §3.1).
  if (!key || algorithmNamed(parts.alg) !== key.alg) return keys.isEmpty ? 'unavailable' : 'token_not_ours';
  try {
    await compactVerify(token, key.key, { algorithms: [parts.alg] });
  } catch {
    return 'token_not_ours';
  }
  if (parts.typ !== 'at+jwt') return 'token_not_ours';
  const claims = readClaims(token, parts.claims);
  if (!claims) return 'token_malformed';
  return claims.issuer === issuer && claims.audience.includes(audience) ? claims : 'token_not_ours';
}
