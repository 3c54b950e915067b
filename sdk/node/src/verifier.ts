// SPDX-License-Identifier: Apache-2.0
// The verifier. It checks a token in the server's order, so that both give the same verdict: size, form, key
// and algorithm, signature, typ, iss and aud, exp, revoked, stale.
import { type ForeignIssuer, ForeignIssuers } from './foreign.js';
import { explainNotOurs, issuerProblem } from './explain.js';
import { Feed, RefusedKey } from './feed.js';
import { decrypt, importEncryptionKeys, isEncrypted } from './jwe.js';
import { Keys } from './keys.js';
import { type Encryption, prove } from './prove.js';
import { type Revocation, Revocations } from './revocations.js';
import type { Claims } from './token.js';
import { type Code, no, type User, type Verdict } from './verdict.js';

export interface VerifierOptions {
  /** The server's URL. */
  url: string;
  /** A key made by `coatcheck service-key add NAME --scope feed`. */
  serviceKey?: string | undefined;
  /** The `iss` and `aud` of tokens. `issuer` defaults to the URL, `audience` to `issuer`. */
  issuer?: string;
  audience?: string;
  /**
   * What the verifier does after the feed has been silent for longer than `cutAfter` milliseconds (5000).
   * `refuse` refuses every token. `accept` accepts tokens until they expire, and may miss a sign-out for as
   * long (docs/revocation.md).
   */
  whenCut?: 'refuse' | 'accept';
  cutAfter?: number;
  /**
   * For a verifier without a service key: true means that a token counts until it expires, whatever sign-out
   * there is.
   */
  ignoreRevocations?: boolean;
  /** Keys of encrypted tokens, each in the form of the server's `tokens.encryption_key_file`. */
  encryptionKeys?: string[];
  /** With keys: true accepts only encrypted tokens, like `tokens.format = "jwe"`. Default: true. */
  onlyEncrypted?: boolean;
  /** Older systems whose JWTs are accepted until their users have moved (docs/moving.md). */
  foreign?: ForeignIssuer[];
  /**
   * Called when the feed breaks (the verifier then connects again by itself), when the server has another
   * issuer than this verifier expects, and for the first token that fails each check of `token_not_ours`. The
   * same problem is told once until the feed works again. Default: `console.warn`.
   */
  onProblem?: (problem: Error) => void;
}

export interface Verifier {
  /**
   * Waits until keys and revocations are known. Rejects if the server refuses the service key, or has another
   * issuer than `issuer`: then no token can be accepted.
   */
  ready(): Promise<void>;
  check(token: string, now?: number): Promise<Verdict>;
  /**
   * Calls back once when the user's session ends, so that a WebSocket or an event stream can be closed.
   * Returns a function that cancels the callback.
   */
  onEnd(user: User, callback: (code: Code) => void): () => void;
  /**
   * For metrics. The feed is `none` without a service key, `never` before it was read, `cut` when it was
   * silent for longer than `cutAfter`.
   */
  readonly state: { feed: 'none' | 'never' | 'following' | 'cut'; entries: number; cached: number };
  /** Ends the feed and all timers, so that the process can end. */
  close(): void;
}

interface Proof {
  claims: Claims;
  user: User;
  keyGeneration: number;
  revocationGeneration: number;
}

interface Watched {
  claims: Claims;
  /** True for an older system's token, which has no version. */
  foreign: boolean;
  callback: (code: Code) => void;
}

const keysOf = ({ claims }: Watched): string[] => [`session ${claims.session}`, `user ${claims.subject}`];

/**
 * In milliseconds: how far the iat of our own token may lie ahead of this clock, because the clocks of nodes
 * differ.
 */
const CLOCK_DIFFERENCE = 60_000;
const CACHED = 16_384;
const SWEEP_EVERY = 30_000;
/** A problem that lasts is told again after an hour. */
const TELL_AGAIN = 3_600_000;

const userOf = (claims: Claims): User => ({
  id: claims.subject,
  username: claims.username,
  roles: claims.roles,
  scope: claims.scope,
  session: claims.session,
  expiresAt: new Date(claims.expires),
  claims: claims.all,
});

export function createVerifier(options: VerifierOptions): Verifier {
  const url = options.url.replace(/\/+$/, '');
  const {
    issuer = url,
    audience = issuer,
    whenCut = 'refuse',
    cutAfter = 5000,
    serviceKey,
    ignoreRevocations = false,
  } = options;
  if (!serviceKey && !ignoreRevocations)
    throw new TypeError(
      'A verifier needs a serviceKey to learn of sign-outs: coatcheck service-key add NAME --scope feed (or say ignoreRevocations: true).',
    );
  return new LiveVerifier({ ...options, url, issuer, audience, whenCut, cutAfter, serviceKey });
}

/** Exported with the parts that need no server, because the tests run api/cases on them. */
export class LiveVerifier implements Verifier {
  readonly keys: Keys;
  revocations = new Revocations();
  /** The table that is filled after a reset. It replaces `revocations` once it is complete. */
  #next: Revocations | undefined;
  #synced = false;
  #heard = -Infinity;
  #young = new Map<string, Proof>();
  #old = new Map<string, Proof>();
  /** By "session <id>" and "user <id>", because an entry concerns only a few of many connections. */
  readonly #watched = new Map<string, Set<Watched>>();
  readonly #waiting: { done: () => void; fail: (problem: Error) => void }[] = [];
  /** The problems that were told since the feed last worked, and when (performance.now()). */
  readonly #told = new Map<string, number>();
  /** Why no token can be accepted. */
  #hopeless: Error | undefined;
  readonly #feed: Feed | undefined;
  readonly #encryption: Encryption | undefined;
  readonly #foreign: ForeignIssuers | undefined;
  readonly #sweeper: NodeJS.Timeout;
  /** When a refused token was last explained, by performance.now(). */
  #explained = -Infinity;
  /**
   * The time by the server's clock when performance.now() was 0, in Unix seconds; NaN while it is unknown.
   */
  #serverStarted = NaN;

  constructor(
    private readonly options: VerifierOptions & { issuer: string; audience: string; cutAfter: number },
  ) {
    this.keys = new Keys(options.url);
    if (options.foreign?.length) this.#foreign = new ForeignIssuers(options.foreign);
    if (options.encryptionKeys?.length)
      this.#encryption = {
        keys: importEncryptionKeys(options.encryptionKeys),
        only: options.onlyEncrypted ?? true,
      };
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_EVERY);
    this.#sweeper.unref();
    if (!options.serviceKey) return;
    this.#feed = new Feed(options.url, options.serviceKey, {
      onOpened: (serverTime) => {
        this.#serverStarted = serverTime - performance.now() / 1000;
      },
      onReset: () => {
        this.#next = new Revocations();
      },
      onEntries: (entries) => this.take(entries),
      onSynced: () => this.#onSynced(),
      onAlive: () => {
        this.#heard = performance.now();
      },
      onProblem: (problem) => {
        if (problem instanceof RefusedKey) this.#giveUpHope(problem);
        else this.#tell(problem.message, problem);
      },
    });
  }

  #tell(key: string, problem: Error): void {
    const now = performance.now();
    if (now - (this.#told.get(key) ?? -Infinity) < TELL_AGAIN) return;
    this.#told.set(key, now);
    const { onProblem = ({ message }) => console.warn(`Coatcheck: ${message}`) } = this.options;
    onProblem(problem);
  }

  #giveUpHope(problem: Error): void {
    this.#hopeless = problem;
    this.#tell(problem.message, problem);
    for (const { fail } of this.#waiting.splice(0)) fail(problem);
  }

  async #checkIssuer(): Promise<void> {
    if (!(this.#hopeless instanceof RefusedKey)) this.#hopeless = undefined; // it may have been mended
    const problem = await issuerProblem(this.options.url, this.options.issuer);
    if (problem) this.#giveUpHope(problem);
  }

  async ready(): Promise<void> {
    await this.keys.load();
    while (this.keys.isEmpty) {
      await new Promise((done) => setTimeout(done, 200));
      await this.keys.load({ force: true });
    }
    await this.#checkIssuer();
    if (this.#hopeless) throw this.#hopeless;
    if (this.#feed && !this.#synced)
      await new Promise<void>((done, fail) => this.#waiting.push({ done, fail }));
  }

  /**
   * Takes entries from the feed. New entries count at once, even while the table is rebuilt after a reset.
   */
  take(entries: Revocation[]): void {
    this.#next?.add(entries);
    this.revocations.add(entries);
    for (const { kind, subject } of entries) {
      if (kind === 'key') this.#dropKey(subject);
      else if (kind === 'issued_before') this.#tellAll();
      else
        for (const watched of [
          ...(this.#watched.get(`${kind === 'session' ? kind : 'user'} ${subject}`) ?? []),
        ])
          this.#tellIfOver(watched);
    }
  }

  #tellAll(): void {
    for (const set of [...this.#watched.values()]) for (const watched of [...set]) this.#tellIfOver(watched);
  }

  #dropKey(kid: string): void {
    this.keys.drop(kid);
    void this.keys.load({ force: true });
  }

  #onSynced(): void {
    if (this.#next) {
      // The generation must differ from the former table's, so that no proof judged by that table still
      // counts.
      this.#next.generation += this.revocations.generation + 1;
      this.revocations = this.#next;
      this.#next = undefined;
    }
    this.#synced = true;
    this.#told.clear();
    if (this.#hopeless instanceof RefusedKey) this.#hopeless = undefined;
    for (const { done } of this.#waiting.splice(0)) done();
    this.#tellAll();
  }

  /**
   * By the earlier of two clocks, the server's and this machine's. If one of them is ahead for a moment,
   * entries that it makes look old must stay: they would not come again.
   */
  #sweep(): void {
    const serverTime = this.#serverStarted + performance.now() / 1000;
    if (serverTime > 0) this.revocations.sweep(Math.min(serverTime, Date.now() / 1000));
  }

  #isCut(): boolean {
    return performance.now() - this.#heard > this.options.cutAfter;
  }

  async check(token: string, now = Date.now()): Promise<Verdict> {
    if (this.#feed && (!this.#synced || (this.options.whenCut !== 'accept' && this.#isCut())))
      return no('unavailable');
    const cached = this.#find(token);
    if (cached) return this.#judge(cached, now);
    // Foreign tokens come first: looking up their key among ours would fetch our key set for nothing.
    const foreign = this.#foreign?.judge(token, this.revocations, now);
    if (foreign) return typeof foreign === 'string' ? no(foreign) : { ok: true, user: foreign };
    // Read before proving: if the keys change meanwhile, the proof looks too old, never too new.
    const keyGeneration = this.keys.generation;
    const claims = await prove(
      token,
      this.keys,
      this.options.issuer,
      this.options.audience,
      this.#encryption,
    );
    if (claims === 'token_not_ours') void this.#explain(token).catch(() => {});
    if (typeof claims === 'string') return no(claims);
    const proof = {
      claims,
      user: userOf(claims),
      keyGeneration: keyGeneration === this.keys.generation ? keyGeneration : -1,
      revocationGeneration: -1,
    };
    this.#remember(token, proof);
    return this.#judge(proof, now);
  }

  /** Tells why, once for each check. Looks at one token a second, because strangers send tokens. */
  async #explain(token: string): Promise<void> {
    const now = performance.now();
    if (now - this.#explained < 1_000) return;
    this.#explained = now;
    const { issuer, audience } = this.options;
    const inner =
      this.#encryption && isEncrypted(token) ? decrypt(token, this.#encryption.keys) : { jwt: token };
    const why = await explainNotOurs(typeof inner === 'string' ? '' : inner.jwt, this.keys, issuer, audience);
    this.#tell(`check ${why.check}`, new Error(`a token was refused (token_not_ours): ${why.sentence}`));
  }

  #judge(proof: Proof, now: number): Verdict {
    const { claims } = proof;
    if (claims.issued > now + CLOCK_DIFFERENCE || claims.notBefore > now) return no('token_not_yet_valid');
    if (now >= claims.expires) return no('token_expired');
    const { generation } = this.revocations;
    if (proof.revocationGeneration !== generation) {
      const reason = this.revocations.judge(claims);
      if (reason) return no(reason);
      proof.revocationGeneration = generation;
    }
    return { ok: true, user: proof.user };
  }

  /**
   * When the young half is full it becomes the old half. A token in use moves back to the young half, the
   * others drop out.
   */
  #remember(token: string, proof: Proof): void {
    if (this.#young.size >= CACHED / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(token, proof);
  }

  #find(token: string): Proof | undefined {
    let proof = this.#young.get(token);
    if (!proof) {
      proof = this.#old.get(token);
      if (!proof) return undefined;
      this.#old.delete(token);
      this.#remember(token, proof);
    }
    if (proof.keyGeneration === this.keys.generation) return proof;
    this.#young.delete(token);
    return undefined;
  }

  onEnd(user: User, callback: (code: Code) => void): () => void {
    const { iat, ver } = user.claims as { iat: number; ver?: number };
    const claims = {
      session: user.session,
      subject: user.id,
      version: BigInt(ver ?? 0),
      issued: iat * 1000,
    } as Claims;
    const watched = { claims, foreign: ver === undefined, callback };
    for (const key of keysOf(watched))
      this.#watched.set(key, (this.#watched.get(key) ?? new Set()).add(watched));
    this.#tellIfOver(watched);
    return () => void this.#forget(watched);
  }

  #forget(watched: Watched): boolean {
    let was = false;
    for (const key of keysOf(watched)) {
      const set = this.#watched.get(key);
      was = set?.delete(watched) || was;
      if (set?.size === 0) this.#watched.delete(key);
    }
    return was;
  }

  /** New roles (token_stale) end no session: the connection's next token carries them. */
  #tellIfOver(watched: Watched): void {
    const { session, subject, issued } = watched.claims;
    const reason = !watched.foreign
      ? this.revocations.judge(watched.claims)
      : this.revocations.isForeignRevoked(session, subject, issued, CLOCK_DIFFERENCE)
        ? 'token_revoked'
        : undefined;
    if (reason === 'token_revoked' && this.#forget(watched)) watched.callback(reason);
  }

  get state(): Verifier['state'] {
    const feed = !this.#feed ? 'none' : !this.#synced ? 'never' : this.#isCut() ? 'cut' : 'following';
    return { feed, entries: this.revocations.size, cached: this.#young.size + this.#old.size };
  }

  close(): void {
    this.#feed?.close();
    clearInterval(this.#sweeper);
  }
}
