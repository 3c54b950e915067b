// SPDX-License-Identifier: Apache-2.0
// A browser with several tabs and a server, in one process and in virtual time. Nothing happens by itself: a
// request, an answer, a message between tabs and a timer are events, and the test says which one comes next,
// or which answer gets lost.
//
// The server rotates refresh tokens by the rules of ARCHITECTURE.md (I1 and I2). The real server is what
// tests/browser uses.
import { clientIn } from '../src/client.js';
import '../src/more.js'; // so that loading it on demand takes no time
import type { Jar } from '../src/keeping.js';
import type { Page } from '../src/page.js';
import type { Client, ClientOptions } from '../src/types.js';

export const ORIGIN = 'https://app.example';
const LIFE = 900;
export const GRACE = 30_000;

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

interface ServerSession {
  id: string;
  delivery: string;
  /** Grows with each password change. */
  secret: number;
  /** When each generation of the refresh token was superseded. */
  rotations: number[];
  ended?: string;
}

interface Event {
  what: string;
  tab: Tab | undefined;
  run(): void;
}

/** Lets all promises that can go on do so. */
const settle = () => new Promise<void>((done) => setImmediate(done));

class Storage implements Jar {
  constructor(readonly values = new Map<string, string>()) {}
  copy = () => new Storage(new Map(this.values));
  getItem = (key: string) => this.values.get(key) ?? null;
  setItem = (key: string, text: string) => void this.values.set(key, text);
  removeItem = (key: string) => void this.values.delete(key);
}

export class Tab {
  readonly heard: string[] = [];
  readonly client: Client;
  readonly document = { hidden: false, baseURI: `${ORIGIN}/`, cookie: '' };
  private readonly wakers = new Map<string, ((event: never) => void)[]>();
  channel: { onmessage?: ((event: MessageEvent) => void) | null } | undefined;
  open = true;
  /** How many refreshes are under way, and the most there have ever been at once. */
  refreshes = 0;
  mostRefreshes = 0;

  constructor(
    readonly world: World,
    options: ClientOptions,
    readonly sessionStorage = new Storage(),
  ) {
    const listen = (event: string, listener: (event: never) => void) =>
      void this.wakers.set(event, [...(this.wakers.get(event) ?? []), listener]);
    const tab = this;
    this.client = clientIn(
      {
        fetch: ((address: string, init: RequestInit) => world.request(this, address, init)) as typeof fetch,
        Date: { now: () => world.now },
        setTimeout: (act, milliseconds) => world.later(this, milliseconds, act),
        document: this.document,
        location: { ...new URL(`${ORIGIN}/`), href: `${ORIGIN}/`, origin: ORIGIN, pathname: '/' } as never,
        localStorage: world.localStorage,
        sessionStorage: this.sessionStorage,
        addEventListener: listen as never,
        BroadcastChannel: class {
          onmessage = null;
          constructor() {
            tab.channel = this;
          }
          postMessage(data: unknown) {
            world.tell(tab, structuredClone(data));
          }
        } as unknown as NonNullable<Page['BroadcastChannel']>,
      },
      options,
    );
    this.client.subscribe((session) =>
      this.heard.push(
        session.status === 'signed-out' ? `signed-out ${session.reason ?? ''}`.trim() : session.status,
      ),
    );
  }

  /** Sends an event of the page to the client, such as `visibilitychange`. */
  emit(event: string, what: object = {}): void {
    for (const listener of this.wakers.get(event) ?? []) listener(what as never);
  }
}

export class World {
  now = 1_900_000_000_000;
  readonly localStorage = new Storage();
  readonly tabs: Tab[] = [];
  events: Event[] = [];
  /** The refresh cookie that this browser holds. */
  cookie: string | undefined;
  readonly sessions: ServerSession[] = [];
  /** Of the last request. */
  lastHeaders = new Headers();
  /** Why the server refused a refresh, each time. */
  readonly refusals: string[] = [];

  readonly options: ClientOptions;

  constructor(options: ClientOptions = {}) {
    this.options = { watchSession: false, ...options };
  }

  tab(sessionStorage?: Storage): Tab {
    const tab = new Tab(this, this.options, sessionStorage);
    this.tabs.push(tab);
    return tab;
  }

  later(tab: Tab, milliseconds: number, act: () => void): Event {
    // A timer is an event like the others. It fires early or late, as it does in a browser that is busy.
    const event = { what: `timer of ${milliseconds} ms`, tab, run: act };
    if (milliseconds < 1000) this.events.push(event);
    return event;
  }

  forget(event: Event | undefined): void {
    this.events = this.events.filter((one) => one !== event);
  }

  tell(from: Tab, data: unknown): void {
    for (const tab of this.tabs)
      if (tab !== from && tab.open)
        this.events.push({
          what: 'message',
          tab,
          run: () => tab.channel?.onmessage?.({ data } as MessageEvent),
        });
  }

  /** A request is one event until it reaches the server, and its answer is another until it arrives. */
  request(tab: Tab, address: string, init: RequestInit): Promise<Response> {
    const path = address.replace(`${ORIGIN}/api/v1/`, '');
    const isRefresh = path === 'authentication/refresh';
    this.lastHeaders = new Headers(init.headers);
    if (isRefresh) tab.mostRefreshes = Math.max(tab.mostRefreshes, ++tab.refreshes);
    return new Promise<Response>((resolve, reject) => {
      const over = () => void (isRefresh && tab.refreshes--);
      this.events.push({
        what: `request ${path}`,
        tab,
        run: () => {
          const [status, body, cookie] = this.answer(init.method!, path, init);
          this.events.push({
            what: `answer ${path}`,
            tab,
            run: () => {
              over();
              if (cookie !== undefined && init.credentials === 'include') this.cookie = cookie || undefined;
              resolve(status === 204 ? new Response(null, { status }) : Response.json(body, { status }));
            },
          });
          this.lose.set(this.events.at(-1)!, () => {
            over();
            reject(new TypeError('lost'));
          });
        },
      });
    });
  }

  readonly lose = new Map<Event, () => void>();

  private answer(method: string, path: string, init: RequestInit): [number, unknown, string?] {
    const body = init.body ? JSON.parse(init.body as string) : {};
    const sent: string | undefined =
      body.refresh_token ?? (init.credentials === 'include' ? this.cookie : undefined);
    if (path.startsWith('..')) return [200, { issuer: ORIGIN }];
    if (path === 'authentication' && method === 'POST') {
      const { delivery } = body;
      const session = { id: `s${this.sessions.length}`, delivery, secret: 0, rotations: [] };
      this.sessions.push(session);
      return this.granted(session);
    }
    const bearer = new Headers(init.headers).get('Authorization');
    const id = sent?.split('_')[1] ?? (bearer && JSON.parse(atob(bearer.split('.')[1]!)).sid);
    const session = this.sessions.find((one) => one.id === id);
    if (path === 'authentication' && method === 'DELETE') {
      if (session) session.ended = 'signed out';
      return [204, undefined, ''];
    }
    const refuse = (code: string): [number, unknown] => {
      this.refusals.push(code);
      return [401, { code, title: code, status: 401 }];
    };
    if (path === 'users/me/password') {
      session!.secret++;
      return this.granted(session!);
    }
    if (!sent) return refuse('refresh_token_missing');
    if (!session || session.ended || Number(sent.split('_')[3]) !== session.secret)
      return refuse('session_ended');
    const generation = Number(sent.split('_')[2]);
    const recent = (at: number | undefined) => at !== undefined && this.now - at <= GRACE;
    // The current one rotates, at most four times within one grace. A superseded one is good within its
    // grace.
    if (generation === session.rotations.length) {
      if (!recent(session.rotations.at(-4))) session.rotations.push(this.now);
    } else if (!recent(session.rotations[generation])) {
      session.ended = 'refresh_token_reused';
      return refuse('refresh_token_reused');
    }
    return this.granted(session);
  }

  private granted({ id, rotations, delivery, secret }: ServerSession): [number, unknown, string] {
    const generation = rotations.length;
    const refresh = `ccr_${id}_${generation}_${secret}_`.padEnd(40, 'x');
    const at = Math.floor(this.now / 1000);
    const claims = { iss: ORIGIN, sub: `user-${id}`, sid: id, exp: at + LIFE };
    const answer = {
      ...(delivery !== 'cookie' && {
        token: `${part({ alg: 'none' })}.${part({ ...claims, n: generation })}.c2ln`,
      }),
      ...(delivery === 'body' && { refresh_token: refresh }),
      expires_in: LIFE,
      expires_at: at + LIFE,
      user: { id: `user-${id}`, username: 'ada', email: null, roles: [], claims: {} },
      session: { id, idle_expires_at: at + 604_800 },
    };
    return [200, answer, delivery === 'body' ? '' : refresh];
  }

  /** Runs the next event of this name; or all events, in their order, until there are none. */
  async run(what?: string): Promise<void> {
    await settle();
    if (what === undefined) {
      // The code that is loaded on demand takes a few turns to come.
      for (let idle = 0; idle < 5; idle++) {
        for (; this.events.length; idle = 0) {
          this.events.shift()!.run();
          await settle();
        }
        await settle();
      }
      return;
    }
    const index = this.events.findIndex((event) => event.what === what);
    if (index < 0) throw new Error(`no ${what} among: ${this.events.map((event) => event.what)}`);
    this.events.splice(index, 1)[0]!.run();
    await settle();
  }

  /** Loses the next answer to this call: the server has done its part, and the client gets no word. */
  async loseAnswer(path: string): Promise<void> {
    await settle();
    const index = this.events.findIndex((event) => event.what === `answer ${path}`);
    if (index < 0) throw new Error(`no answer to ${path} to lose`);
    this.lose.get(this.events.splice(index, 1)[0]!)!();
    await settle();
  }
}
