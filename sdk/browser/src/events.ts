// SPDX-License-Identifier: Apache-2.0
// Hears at once when the session was ended elsewhere, or the user's roles changed: while the page is visible,
// an event stream of the server is open. A hidden page has none, because browsers allow few connections to one
// host; it asks again when it is shown.
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
  const { page, watchSession = true } = state;
  let running: AbortController | undefined;
  const close = () => {
    running?.abort();
    running = undefined;
  };
  const open = (stream: AbortController) => {
    running = stream;
    const forget = () => running === stream && (running = undefined);
    void listen(state, stream.signal).finally(forget);
  };
  const look = () => {
    if (page.document!.hidden || !state.held) close();
    else if (!running) open(new AbortController());
  };
  if (!watchSession) return () => {};
  for (const name of ['visibilitychange', 'pageshow']) page.addEventListener!(name, look);
  page.addEventListener!('pagehide', close); // a page with an open stream cannot be restored at once
  return look;
}

async function listen(state: State, signal: AbortSignal): Promise<void> {
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
        await new Promise<void>((done) => page.setTimeout(done, PATIENCE));
        // The server decides what has happened to the session, unless there are newer tokens already.
        if (state.held === held) state.held = { ...held, dueAt: 0 };
        await core.prepare(state);
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
