// SPDX-License-Identifier: Apache-2.0
// The keys that may sign tokens, from the server's JWK Set. The server publishes its next key before that key
// signs, so a set that is a few minutes old is still good. A token with an unknown key makes us fetch the set
// again, but at most once per cool-down, whatever tokens strangers send.
import { importJWK, type JWK } from 'jose';

export interface VerificationKey {
  kid: string;
  alg: 'ES256' | 'RS256' | 'PS256' | 'EdDSA';
  key: Exclude<Awaited<ReturnType<typeof importJWK>>, Uint8Array>;
}

const ALGORITHMS: Record<string, VerificationKey['alg']> = {
  ES256: 'ES256',
  RS256: 'RS256',
  PS256: 'PS256',
  EdDSA: 'EdDSA',
  Ed25519: 'EdDSA',
};
const KEY_TYPES = { ES256: 'EC', RS256: 'RSA', PS256: 'RSA', EdDSA: 'OKP' } as const;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const COOL_DOWN = 5_000;
const GOOD_FOR = 300_000;
const PATIENCE = 5_000;

/** "Ed25519" and "EdDSA" name one algorithm (RFC 9864). */
export const algorithmNamed = (name: string): VerificationKey['alg'] | undefined =>
  Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name] : undefined;

/** Gives the keys of a set by their kid. Throws if one of them holds a private or secret member. */
export async function importKeys({ keys }: { keys: JWK[] }): Promise<Map<string, VerificationKey>> {
  const found = new Map<string, VerificationKey>();
  for (const jwk of keys) {
    if (PRIVATE_MEMBERS.some((member) => member in jwk)) throw new Error('the key set holds a secret');
    const alg = algorithmNamed(jwk.alg ?? '');
    if (!alg || !jwk.kid || jwk.kty !== KEY_TYPES[alg] || (jwk.use ?? 'sig') !== 'sig') continue;
    const key = await importJWK({ ...jwk, alg: alg === 'EdDSA' ? 'Ed25519' : alg });
    if (!(key instanceof Uint8Array)) found.set(jwk.kid, { kid: jwk.kid, alg, key });
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
    const keys = await importKeys((await answer.json()) as { keys: JWK[] });
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
