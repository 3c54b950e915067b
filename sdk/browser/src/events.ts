// SPDX-License-Identifier: Apache-2.0
// Hears at once when the session was ended elsewhere, or the user's roles changed: while a page is visible, an
// event stream of the server is open. A browser opens only six connections to one host (HTTP/1.1). So a hidden
// page has no stream and asks again when it is shown, and visible pages that share a session share one stream:
// the page that holds a Web Lock listens, and tells the others. Nothing else waits for this lock (ADR 9).
import type { Page } from './page.js';
import type { State } from './session.js';

const SHORTEST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;
/** After a password change in another window, its answer with the new cookie may still be under way. */
const PATIENCE = 500;

/** The streams of the clients on this page: each opens and closes its own. */
const streams = new WeakMap<State, () => void>();

/** Call it whenever somebody is signed in. */
export function hear(state: State): void {
  if (!streams.has(state)) streams.set(state, streamOf(state));
  streams.get(state)!();
}

function streamOf(state: State): () => void {
  const { page, key, storage, watchSession = true } = state;
  if (!watchSession) return () => {};
  // In sessionStorage each tab has a session of its own. Web Locks are missing where the origin is not secure.
  const locks = storage === 'sessionStorage' ? undefined : page.navigator?.locks;
  const others = locks && page.BroadcastChannel && new page.BroadcastChannel(`${key}-events`);
  if (others)
    others.onmessage = ({ data }: { data: unknown }) => {
      if (data === state.held?.session) void ask(state, state.held);
    };
  let running: AbortController | undefined;
  const close = () => {
    running?.abort();
    running = undefined;
  };
  const open = (stream: AbortController) => {
    running = stream;
    const { signal } = stream;
    const forget = () => running === stream && (running = undefined);
    const work = () => listen(state, signal, others);
    // The lock is free at once when this page is hidden: it may be frozen, or kept to be restored.
    const hidden = new Promise((done) => signal.addEventListener('abort', done));
    const turn = locks
      ? locks.request(`${key}-events`, { signal }, () => Promise.race([work(), hidden]))
      : work();
    void Promise.resolve(turn).then(forget, forget);
  };
  const look = () => {
    if (page.document!.hidden || !state.held) close();
    else if (!running) open(new AbortController());
  };
  for (const name of ['visibilitychange', 'pageshow']) page.addEventListener!(name, look);
  page.addEventListener!('pagehide', close); // a page with an open stream cannot be restored at once
  return look;
}

/** Asks the server what has happened to the session, unless there are newer tokens already. */
async function ask(state: State, held: State['held']): Promise<void> {
  const { page, core } = state;
  await new Promise<void>((done) => page.setTimeout(done, PATIENCE));
  if (held && state.held === held) state.held = { ...held, dueAt: 0 };
  await core.prepare(state).catch(() => {});
}

type Channel = InstanceType<NonNullable<Page['BroadcastChannel']>>;

async function listen(state: State, signal: AbortSignal, others?: Channel): Promise<void> {
  const { page, core, url, byCookie } = state;
  for (let pause = SHORTEST_PAUSE; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    // A hidden page neither listens nor refreshes for it.
    if (page.document!.hidden || !state.held) return;
    try {
      const trouble = await core.prepare(state);
      const { held } = state;
      const token = held?.token;
      if (!held || signal.aborted) return;
      if (trouble) throw trouble;
      const answer = await state.pageFetch(`${url}/api/v1/authentication/events`, {
        headers: token ? { Authorization: `Bearer ${token}` } : {},
        credentials: byCookie ? 'include' : 'omit',
        cache: 'no-store',
        signal,
      });
      if (answer.status === 404) return; // an older server
      if (answer.ok) pause = SHORTEST_PAUSE;
      if (answer.status === 401 || (answer.ok && (await saysSo(answer)))) {
        others?.postMessage(held.session);
        await ask(state, held);
      }
    } catch {
      // The stream was lost, or the page is no longer to have one.
    }
    if (!signal.aborted) await new Promise<void>((done) => page.setTimeout(done, pause));
  }
}

/** Waits until the stream says that the session has changed. False: the stream ended, as with its token. */
async function saysSo(answer: Response): Promise<boolean> {
  let text = '';
  const isTold = () => /^event: (ended|stale)$/m.test(text);
  const ear = new WritableStream<string>({
    write(part) {
      text = (text + part).slice(-99);
      if (isTold()) throw new Error('enough');
    },
  });
  await answer
    .body!.pipeThrough(new TextDecoderStream())
    .pipeTo(ear)
    .catch(() => {});
  return isTold();
}
