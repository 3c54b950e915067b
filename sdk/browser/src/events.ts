// SPDX-License-Identifier: Apache-2.0
// Hears at once when the session was ended elsewhere, or the user's roles changed: while a page is visible, an
// event stream of the server is open. A browser opens only six connections to one host (HTTP/1.1). So a hidden
// page has no stream and asks again when it is shown, and visible pages that share a session share one stream:
// the page that holds a Web Lock listens, and tells the others. Nothing else waits for this lock (ADR 9).
import type { Kept } from './keeping.js';
import type { State } from './session.js';

const SHORTEST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;
/** After a password change in another window, its answer with the new cookie may still be under way. */
const PATIENCE = 500;

/** Call it whenever somebody is signed in. */
export function hear(state: State): void {
  (state.look ??= streamOf(state))();
}

function streamOf(state: State): () => void {
  const { page, key, storage, watchSession = true } = state;
  if (!watchSession) return () => {};
  // In sessionStorage each tab has a session of its own. Web Locks are missing where the origin is not secure.
  const locks = storage !== 'sessionStorage' && page.navigator?.locks;
  (state.channel as BroadcastChannel | undefined)?.addEventListener('message', ({ data }) => {
    if (state.held && data.ask === state.held.session) void ask(state, state.held);
  });
  let stream: AbortController | undefined; // aborted: over
  const look = () => {
    if (page.document!.hidden || !state.held) return stream?.abort();
    if (stream?.signal.aborted === false) return;
    const own = (stream = new AbortController());
    const { signal } = own;
    const over = () => own.abort();
    // The lock is free at once when this page is hidden: it may be frozen, or kept to be restored.
    const turn = () =>
      new Promise<void>((done) => {
        signal.onabort = () => done();
        void listen(state, signal).then(over);
      });
    (locks ? locks.request(key, { signal }, turn) : turn()).catch(over);
  };
  // A page that is left becomes hidden: one with an open stream could not be restored at once.
  for (const name of ['visibilitychange', 'pageshow']) page.addEventListener!(name, look);
  return look;
}

const wait = ({ page }: State, milliseconds: number) =>
  new Promise<void>((done) => page.setTimeout(done, milliseconds));

/** Asks the server what has happened to the session, unless there are newer tokens already. */
async function ask(state: State, held: Kept): Promise<void> {
  await wait(state, PATIENCE);
  if (state.held === held) state.held = { ...held, dueAt: 0 };
  await state.core.prepare(state).catch(() => {});
}

async function listen(state: State, signal: AbortSignal): Promise<void> {
  const { page, core, url, byCookie } = state;
  for (let pause = SHORTEST_PAUSE; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    // A hidden page neither listens nor refreshes for it.
    if (page.document!.hidden) return;
    try {
      const trouble = await core.prepare(state);
      const { held } = state;
      if (!held) return;
      if (trouble) throw trouble;
      const answer = await state.pageFetch(`${url}/api/v1/authentication/events`, {
        headers: held.token ? { Authorization: `Bearer ${held.token}` } : {},
        credentials: byCookie ? 'include' : 'omit',
        signal,
      });
      if (answer.status === 404) return; // an older server
      if (answer.ok) pause = SHORTEST_PAUSE;
      if (answer.ok ? await saysSo(answer) : answer.status === 401) {
        state.channel?.postMessage({ ask: held.session });
        await ask(state, held);
      }
    } catch {
      // The stream was lost, or the page is no longer to have one.
    }
    await wait(state, pause);
  }
}

/** Waits until the stream says that the session has changed. False: the stream ended, as with its token. */
async function saysSo(answer: Response): Promise<boolean> {
  let text = '';
  const isTold = () => /event: (ended|stale)/.test(text);
  const ear = new WritableStream<Uint8Array>({
    write(part) {
      text = (text + String.fromCharCode(...part)).slice(-99); // all of it is ASCII
      if (isTold()) throw 0;
    },
  });
  await answer.body!.pipeTo(ear).catch(() => {});
  return isTold();
}
