// SPDX-License-Identifier: Apache-2.0
// Accepts JWTs of an older system until its users have moved, by the server's rules
// (src/verify/foreign_verifier.cpp).
import {
  createHash,
  createHmac,
  createPublicKey,
  constants,
  type JsonWebKey,
  type KeyObject,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { importKeys } from './keys.js';
import type { Revocations } from './revocations.js';
import { decode, parseCompact, readForeignClaims } from './token.js';
import type { Code, User } from './verdict.js';

export interface ForeignIssuer {
  /**
   * Our name for the issuer. It must equal the name in the server's file, because session ids are derived
   * from it.
   */
  name: string;
  /** The `iss` of its tokens. Leave it out if its tokens have no `iss`. */
  iss?: string | string[];
  algorithm: 'HS256' | 'RS256' | 'PS256' | 'ES256' | 'EdDSA';
  /** For HS256 the secret, at least 32 bytes; otherwise a public key in PEM, or a JWK Set. */
  key: string | { keys: (JsonWebKey & { kid?: string; alg?: string })[] };
  /** Must be among the token's `aud`. */
  audience?: string;
  /** The claim that holds the user's id. Default: `sub`. */
  subject?: string;
  /** Put in front of that id to make the user's id in Coatcheck. */
  idPrefix?: string;
  /** Claims that must have exactly this value, such as tymon's `prv`. */
  require?: Record<string, string>;
  /** The cut-over: tokens issued at or after this time are refused. */
  issuedBefore?: Date;
  /** From this time on, all of its tokens are refused. */
  until: Date;
}

interface Key {
  kid: string;
  key: KeyObject | string;
}
interface Issuer {
  settings: ForeignIssuer;
  iss: string[];
  keys: Key[];
}

const CLOCK_DIFFERENCE = 60_000;
/** In milliseconds. A foreign token is refused after this long, whatever its `exp` says. */
const LONGEST_LIFE = 3650 * 86_400_000;
const MAX_ID_BYTES = 64;
const OWN_ID = /^[\w-]{22}$/;
const MIN_SECRET_BYTES = 32;
const fits: Record<string, (key: KeyObject) => boolean> = {
  RS256: (key) => key.asymmetricKeyType === 'rsa' && key.asymmetricKeyDetails!.modulusLength! >= 2048,
  PS256: (key) => key.asymmetricKeyType === 'rsa' && key.asymmetricKeyDetails!.modulusLength! >= 2048,
  ES256: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails!.namedCurve === 'prime256v1',
  EdDSA: (key) => key.asymmetricKeyType === 'ed25519',
};

function keysOf({ name, algorithm, key }: ForeignIssuer): Key[] {
  if (algorithm === 'HS256') {
    if (typeof key !== 'string' || Buffer.byteLength(key) < MIN_SECRET_BYTES)
      throw new TypeError(`${name}: HS256 needs a secret of at least 32 bytes.`);
    return [{ kid: '', key }];
  }
  const found =
    typeof key === 'string'
      ? [{ kid: '', key: createPublicKey(key) }]
      : [...importKeys(key, { minRsaBits: 2048, otherwise: algorithm }).values()].filter(
          (one) => one.alg === algorithm,
        );
  if (!found.length || !found.every((one) => fits[algorithm]?.(one.key)))
    throw new TypeError(`${name}: there is no public key for ${algorithm}.`);
  return found;
}

function isSigned(
  algorithm: ForeignIssuer['algorithm'],
  key: KeyObject | string,
  input: string,
  signature: Buffer,
): boolean {
  if (typeof key === 'string') {
    const expected = createHmac('sha256', key).update(input).digest();
    return signature.length === expected.length && timingSafeEqual(signature, expected);
  }
  const data = Buffer.from(input);
  if (algorithm === 'EdDSA') return verify(null, data, key, signature);
  if (algorithm === 'ES256')
    return signature.length === 64 && verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature);
  return verify(
    'sha256',
    data,
    algorithm === 'PS256' ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : key,
    signature,
  );
}

export class ForeignIssuers {
  readonly #issuers: Issuer[];

  constructor(settings: ForeignIssuer[]) {
    this.#issuers = settings.map((one) => ({
      settings: one,
      iss: one.iss === undefined ? [] : [one.iss].flat(),
      keys: keysOf(one),
    }));
  }

  /**
   * Gives the user of a foreign token, or the code of the refusal; undefined if the token names none of these
   * issuers. The user has no roles and no name. Ending the user's `session` ends the token, whether or not it
   * was exchanged.
   */
  judge(token: string, revocations: Revocations, now: number): User | Code | undefined {
    const parts = parseCompact(token);
    if (!parts) return undefined;
    const said = 'iss' in parts.claims ? parts.claims.iss : undefined;
    if ('iss' in parts.claims && (typeof said !== 'string' || !said)) return 'token_malformed';
    // The token's own `iss` chooses the key. The claim is believed only after that key has verified the
    // signature.
    const issuer = this.#issuers.find(({ iss }) =>
      said === undefined ? !iss.length : iss.includes(said as string),
    );
    if (!issuer) return undefined;
    if (parts.alg !== issuer.settings.algorithm) return 'token_not_ours';
    const end = token.lastIndexOf('.');
    const [input, signature] = [token.slice(0, end), decode(token.slice(end + 1))!];
    const key = issuer.keys.find(
      ({ kid, key }) =>
        (!kid || kid === parts.kid) && isSigned(issuer.settings.algorithm, key, input, signature),
    );
    if (!key) return 'token_not_ours';

    const {
      name,
      audience,
      subject = 'sub',
      idPrefix = '',
      require = {},
      issuedBefore,
      until,
    } = issuer.settings;
    const claims = readForeignClaims(parts.claims, subject);
    if (!claims) return 'token_malformed';
    if (audience && !claims.audience.includes(audience)) return 'token_not_ours';
    if (
      Object.entries(require).some(
        ([claim, wanted]) => !Object.hasOwn(parts.claims, claim) || parts.claims[claim] !== wanted,
      )
    )
      return 'token_not_ours';
    if (issuedBefore && claims.issued >= issuedBefore.getTime()) return 'token_not_ours';
    const id = idPrefix + claims.subject;
    // An id in the form of Coatcheck's own ids would name a user who never was in the older system.
    if (!claims.subject || Buffer.byteLength(id) > MAX_ID_BYTES || (OWN_ID.test(id) && decode(id)))
      return 'token_not_ours';
    const expires = Math.min(claims.expires ?? Infinity, until.getTime(), claims.issued + LONGEST_LIFE);
    if (claims.issued > now + CLOCK_DIFFERENCE || claims.notBefore > now + CLOCK_DIFFERENCE)
      return 'token_not_yet_valid';
    if (now >= expires) return 'token_expired';
    const session = createHash('sha256')
      .update(`${name}\n${input}`)
      .digest()
      .subarray(0, 16)
      .toString('base64url');
    if (revocations.isForeignRevoked(session, id, claims.issued, CLOCK_DIFFERENCE)) return 'token_revoked';
    return {
      id,
      username: '',
      roles: [],
      scope: '',
      session,
      expiresAt: new Date(expires),
      claims: { iat: claims.issued / 1000 },
    };
  }
}
