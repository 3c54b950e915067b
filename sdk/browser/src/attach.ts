// SPDX-License-Identifier: Apache-2.0
// Replaces the page's own `fetch` and `XMLHttpRequest`, and so covers jQuery, axios, superagent and other
// libraries that use them. An XMLHttpRequest follows redirects by itself and does not say where they lead. It
// gets the token for its first address, and the browser removes `Authorization` if a redirect leads to
// another origin.
import { authFetch, headersNow, isFresh, prepare, reaches, refused } from './requests.js';
import { listed, originOf, type State } from './session.js';
import type { AttachOptions } from './types.js';

export function attachTo(state: State, { fetch, xhr, to = [] }: AttachOptions): () => void {
  for (const origin of to) state.origins.add(originOf(state.page, listed(origin)));
  let on = true;
  const before = globalThis.fetch;
  const ours = (...asked: Parameters<typeof before>) => (on ? authFetch(state, ...asked) : before(...asked));
  if (fetch) globalThis.fetch = ours;
  if (xhr) attachXhr(xhr === true ? XMLHttpRequest.prototype : xhr, state, () => on);
  // A library may have kept our function meanwhile. Its requests still pass through it, and it does nothing
  // more.
  return () => {
    on = false;
    if (globalThis.fetch === ours) globalThis.fetch = before;
  };
}

function attachXhr(target: XMLHttpRequest, state: State, isOn: () => boolean): void {
  const { open, setRequestHeader, send, abort } = target;
  /**
   * The opened requests: [method, gets the token, asynchronous, waits]. Judged now, as the browser does: the
   * page's base address may change before send(). A request that sets its own `Authorization` is removed.
   */
  const opened = new WeakMap<XMLHttpRequest, [string, boolean, boolean, true?]>();
  /** Sends the events that the browser cannot send, because it has not got the request yet. */
  const tell = (request: XMLHttpRequest, event: string) =>
    [event, 'loadend'].forEach((name) => request.dispatchEvent(new ProgressEvent(name)));

  Object.assign(target, {
    open: function (this: XMLHttpRequest, ...asked: [string, string | URL, boolean?, string?, string?]) {
      if (isOn()) opened.set(this, [asked[0], reaches(state, asked[1]), asked[2] ?? asked.length < 3]);
      open.apply(this, asked as Parameters<typeof open>);
    } as typeof open,
    setRequestHeader(this: XMLHttpRequest, name: string, value: string) {
      if (/^authorization$/i.test(name)) opened.delete(this);
      setRequestHeader.call(this, name, value);
    },
    send(this: XMLHttpRequest, body: XMLHttpRequestBodyInit | null) {
      const request = opened.get(this);
      if (!request?.[1]) return send.call(this, body);
      const waits = () => opened.get(this) === request; // false once it was aborted or opened again
      const go = () => {
        if (!waits()) return;
        delete request[3];
        const headers = headersNow(state, request[0]);
        for (const name in headers) setRequestHeader.call(this, name, headers[name]!);
        if (state.byCookie) this.withCredentials = true;
        // An XMLHttpRequest is sent only once, whatever the answer. But after a 401 the next request gets a
        // newer token.
        this.addEventListener('loadend', () => this.status === 401 && refused(state, headers), {
          once: true,
        });
        send.call(this, body);
      };
      if (!request[2] || isFresh(state)) return go();
      request[3] = true;
      prepare(state).then(go, () => waits() && tell(this, 'error'));
    },
    abort(this: XMLHttpRequest) {
      const waits = opened.get(this)?.[3];
      opened.delete(this);
      abort.call(this);
      if (waits) tell(this, 'abort');
    },
  } satisfies Partial<XMLHttpRequest>);
}
