// SPDX-License-Identifier: Apache-2.0
// The keys that may sign tokens, from the server's JWK Set. The server publishes its next key before that key
// signs, so a set that is a few minutes old is still good. A token with an unknown key makes us fetch the set
// again, but at most once per cool-down, whatever tokens strangers send.
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { JWK } from 'jose';

export interface VerificationKey {
  kid: string;
  alg: 'ES256' | 'RS256' | 'PS256' | 'EdDSA';
  key: KeyObject;
}

const ALGORITHMS: Record<string, VerificationKey['alg']> = {
  ES256: 'ES256',
  RS256: 'RS256',
  PS256: 'PS256',
  EdDSA: 'EdDSA',
  Ed25519: 'EdDSA',
};
const KEY_TYPES = { ES256: 'EC', RS256: 'RSA', PS256: 'RSA', EdDSA: 'OKP' } as const;
const CURVES: Record<string, string> = { ES256: 'P-256', EdDSA: 'Ed25519' };
// The server's own keys have 3072 bits, those of another issuer at least 2048.
const OWN_RSA_BITS = 3072;
const MAX_RSA_BITS = 8192;
const MAX_KEYS = 32;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const COOL_DOWN = 5_000;
const GOOD_FOR = 300_000;
const PATIENCE = 5_000;

/** "Ed25519" and "EdDSA" name one algorithm (RFC 9864). */
export const algorithmNamed = (name: unknown): VerificationKey['alg'] | undefined =>
  typeof name === 'string' && Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name] : undefined;

const isForVerifying = (jwk: JWK): boolean =>
  (jwk.use === undefined || jwk.use === 'sig') &&
  (jwk.key_ops === undefined || (Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify')));

/** As the server writes it: without padding, and in one spelling. Node.js reads other spellings, too. */
const isBase64url = (text: unknown): boolean =>
  typeof text === 'string' && Buffer.from(text, 'base64url').toString('base64url') === text;

/** Odd, of 17 to 64 bits, without leading zeros. */
function isRsaExponent(text: unknown): boolean {
  const bytes = Buffer.from(String(text), 'base64url');
  const value = BigInt(`0x${bytes.toString('hex') || '0'}`);
  return bytes[0] !== 0 && value >= 65536n && value < 1n << 64n && value % 2n === 1n;
}

function publicKey(jwk: JWK, alg: VerificationKey['alg'], minRsaBits: number): KeyObject | undefined {
  const isRsa = KEY_TYPES[alg] === 'RSA';
  if (![jwk.x, jwk.y, jwk.n, jwk.e].every((member) => member === undefined || isBase64url(member)))
    return undefined;
  if (isRsa && !isRsaExponent(jwk.e)) return undefined;
  if (jwk.kty !== KEY_TYPES[alg] || (!isRsa && jwk.crv !== CURVES[alg])) return undefined;
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    const bits = key.asymmetricKeyDetails!.modulusLength!;
    return isRsa && (bits < minRsaBits || bits > MAX_RSA_BITS || jwk.n!.startsWith('AA')) ? undefined : key;
  } catch {
    return undefined; // a malformed one
  }
}

/**
 * Gives the keys of a JWK Set that are for us, by their kid, and passes over the others (RFC 7517 §5). A key
 * without `alg` is for the algorithm `otherwise`. Throws if the set is none, or if a key in it holds a private
 * or secret member. api/cases/key-sets has the cases.
 */
export function importKeys(
  set: { keys: JWK[] },
  { minRsaBits = OWN_RSA_BITS, otherwise }: { minRsaBits?: number; otherwise?: string } = {},
): Map<string, VerificationKey> {
  const found = new Map<string, VerificationKey>();
  if (!Array.isArray(set?.keys) || set.keys.length > MAX_KEYS) throw new Error('this is no JWK Set');
  for (const jwk of set.keys) {
    if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) throw new Error('this is no JWK Set');
    if (PRIVATE_MEMBERS.some((member) => member in jwk)) throw new Error('the key set holds a secret');
    const alg = algorithmNamed(jwk.alg === undefined ? otherwise : jwk.alg);
    const { kid } = jwk;
    if (!alg || typeof kid !== 'string' || !kid || found.has(kid) || !isForVerifying(jwk)) continue;
    const key = publicKey(jwk, alg, minRsaBits);
    if (key) found.set(kid, { kid, alg, key });
  }
  return found;
}

export class Keys {
  #keys = new Map<string, VerificationKey>();
  #asked = -Infinity;
  #loaded = -Infinity;
  #loading: Promise<void> | undefined;
  readonly #dropped = new Set<string>();
  /** Grows when the keys change: a proof from an earlier generation is void. */
  generation = 0;

  constructor(private readonly url: string) {}

  /**
   * Fetches the set, unless it was asked for within the cool-down. Never rejects: without an answer the old
   * keys stay.
   */
  load({ force = false } = {}): Promise<void> {
    const now = performance.now();
    if (this.#loading) return this.#loading;
    if (!force && now - this.#asked < COOL_DOWN) return Promise.resolve();
    this.#asked = now;
    this.#loading = this.#fetch()
      .catch(() => {})
      .finally(() => {
        this.#loading = undefined;
      });
    return this.#loading;
  }

  async #fetch(): Promise<void> {
    const answer = await fetch(`${this.url}/.well-known/jwks.json`, {
      signal: AbortSignal.timeout(PATIENCE),
      redirect: 'error',
    });
    if (!answer.ok) return;
    const keys = importKeys((await answer.json()) as { keys: JWK[] });
    for (const kid of this.#dropped) keys.delete(kid);
    this.#loaded = performance.now();
    if ([...keys.keys()].join() !== [...this.#keys.keys()].join()) this.generation += 1;
    this.#keys = keys;
  }

  /** Sets the keys by hand, for a verifier without a server. */
  use(keys: Map<string, VerificationKey>): void {
    this.#keys = keys;
    this.#loaded = Infinity;
    this.generation += 1;
  }

  /** For a compromised key: the key, and every proof made with it, is void for good. */
  drop(kid: string): void {
    this.#dropped.add(kid);
    if (this.#keys.delete(kid)) this.generation += 1;
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  async find(kid: string): Promise<VerificationKey | undefined> {
    const known = this.#keys.get(kid);
    if (known) {
      if (performance.now() - this.#loaded > GOOD_FOR) void this.load();
      return known;
    }
    if (this.#loaded === Infinity || this.#dropped.has(kid)) return undefined;
    await this.load();
    return this.#keys.get(kid);
  }
}
