// SPDX-License-Identifier: Apache-2.0
// Keeps the revocations in memory, so that a check asks no other process. It is the same table as the
// server's (src/verify/revocations.hpp).
import type { Claims } from './token.js';

/** An entry of the feed (components.schemas.Revocation). */
export interface Revocation {
  kind: 'session' | 'user_revoked' | 'user_stale' | 'issued_before' | 'key' | 'foreign_before';
  subject: string;
  minimum?: number;
  /** Unix seconds. By then the last token that the entry concerns has expired. */
  expires: number;
}

interface Versions {
  revokedBelow: number;
  staleBelow: number;
  /** Unix seconds. Foreign tokens issued up to this time are revoked. */
  foreignBefore: number;
  expires: number;
}

export class Revocations {
  readonly #sessions = new Map<string, number>();
  readonly #users = new Map<string, Versions>();
  readonly #keys = new Map<string, number>();
  #issuedBefore = 0;
  /**
   * Grows with each entry. A proof that was judged at generation g needs no look-up while the generation is
   * still g.
   */
  generation = 0;

  add(entries: Iterable<Revocation>): void {
    for (const { kind, subject, minimum = 0, expires } of entries) {
      this.generation += 1;
      if (kind === 'session')
        this.#sessions.set(subject, Math.max(expires, this.#sessions.get(subject) ?? 0));
      else if (kind === 'key') this.#keys.set(subject, expires);
      else if (kind === 'issued_before') this.#issuedBefore = Math.max(this.#issuedBefore, minimum);
      else if (kind === 'user_revoked' || kind === 'user_stale' || kind === 'foreign_before') {
        const versions = this.#users.get(subject) ?? {
          revokedBelow: 0,
          staleBelow: 0,
          foreignBefore: 0,
          expires: 0,
        };
        const below = (
          { user_revoked: 'revokedBelow', user_stale: 'staleBelow', foreign_before: 'foreignBefore' } as const
        )[kind];
        versions[below] = Math.max(versions[below], minimum);
        versions.expires = Math.max(versions.expires, expires);
        this.#users.set(subject, versions);
      }
      // We cannot act on a kind that only a newer server knows.
    }
  }

  /** The reason to refuse a token, if there is one. */
  judge(
    claims: Pick<Claims, 'session' | 'subject' | 'version' | 'issued'>,
  ): 'token_revoked' | 'token_stale' | undefined {
    if (this.#issuedBefore > 0 && Math.floor(claims.issued / 1000) <= this.#issuedBefore)
      return 'token_revoked';
    if (this.#sessions.has(claims.session)) return 'token_revoked';
    const versions = this.#users.get(claims.subject);
    if (!versions) return undefined;
    if (claims.version < versions.revokedBelow) return 'token_revoked';
    return claims.version < versions.staleBelow ? 'token_stale' : undefined;
  }

  /**
   * Judges a token of another issuer, which has no version. `issued` is in milliseconds, by a clock that may
   * be `skew` milliseconds ahead.
   */
  isForeignRevoked(session: string, subject: string, issued: number, skew: number): boolean {
    if (this.#issuedBefore > 0 && Math.floor(issued / 1000) <= this.#issuedBefore) return true;
    const before = this.#users.get(subject)?.foreignBefore ?? 0;
    return this.#sessions.has(session) || (before > 0 && issued <= before * 1000 + skew);
  }

  get size(): number {
    return this.#sessions.size + this.#users.size + this.#keys.size;
  }

  /** Deletes entries that concern only expired tokens. */
  sweep(nowSeconds: number): void {
    for (const table of [this.#sessions, this.#keys])
      for (const [key, expires] of table) if (expires <= nowSeconds) table.delete(key);
    for (const [user, { expires }] of this.#users) if (expires <= nowSeconds) this.#users.delete(user);
  }
}
