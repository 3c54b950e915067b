// SPDX-License-Identifier: Apache-2.0
// Covers the page's own `fetch` and `XMLHttpRequest`, and with them jQuery, axios, superagent and whatever else is built
// on the two. An XMLHttpRequest follows redirects by itself and tells nobody whereto: it is given the token for its first
// address, and the browser takes `Authorization` away where a redirect leads to another origin.

export interface AttachOptions {
  fetch?: boolean;
  /** True: every XMLHttpRequest of the page from now on; or a single one, before it is opened. */
  xhr?: boolean | XMLHttpRequest;
  /** More origins that get the token, from now on. */
  to?: string[];
}

/** What of the client is needed here. */
export interface Wired {
  reaches(url: string): boolean;
  fetch: typeof fetch;
  /** Cookies go along, also to other origins. */
  byCookie: boolean;
  /** True if headersNow() is the last word: nothing needs to be asked or refreshed first. */
  isFresh(): boolean;
  /** Rejects where the request may no longer be sent. */
  prepare(): Promise<unknown>;
  headersNow(method: string): Record<string, string>;
  refused(headers: Record<string, string>): Promise<boolean>;
}

export function attachTo({ fetch, xhr }: AttachOptions, client: Wired): () => void {
  let on = true;
  const before = globalThis.fetch;
  const ours = (...asked: Parameters<typeof before>) => (on ? client.fetch : before)(...asked);
  if (fetch) globalThis.fetch = ours;
  if (xhr) attachXhr(xhr === true ? XMLHttpRequest.prototype : xhr, client, () => on);
  // What was built on ours since goes on through it, and finds nothing there.
  return () => {
    on = false;
    if (globalThis.fetch === ours) globalThis.fetch = before;
  };
}

function attachXhr(target: XMLHttpRequest, client: Wired, isOn: () => boolean): void {
  const { open, setRequestHeader, send, abort } = target;
  /** Those that were opened: [method, address, asynchronous, waits]. A request with an `Authorization` of its own leaves. */
  const opened = new WeakMap<XMLHttpRequest, [string, string, boolean, true?]>();
  /** What the browser does not tell of a request that it was not given yet. */
  const tell = (request: XMLHttpRequest, event: string) =>
    [event, 'loadend'].forEach((name) => request.dispatchEvent(new ProgressEvent(name)));

  Object.assign(target, {
    open: function (this: XMLHttpRequest, ...asked: [string, string | URL, boolean?, string?, string?]) {
      if (isOn()) opened.set(this, [asked[0], `${asked[1]}`, asked[2] ?? asked.length < 3]);
      open.apply(this, asked as Parameters<typeof open>);
    } as typeof open,
    setRequestHeader(this: XMLHttpRequest, name: string, value: string) {
      if (/^authorization$/i.test(name)) opened.delete(this);
      setRequestHeader.call(this, name, value);
    },
    send(this: XMLHttpRequest, body: XMLHttpRequestBodyInit | null) {
      const request = opened.get(this);
      if (!request || !client.reaches(request[1])) return send.call(this, body);
      const waits = () => opened.get(this) === request; // it was neither aborted nor opened anew
      const go = () => {
        if (!waits()) return;
        delete request[3];
        const headers = client.headersNow(request[0]);
        for (const name in headers) setRequestHeader.call(this, name, headers[name]!);
        if (client.byCookie) this.withCredentials = true;
        // Sent once, whatever comes back; but what is sent next has a newer token.
        this.addEventListener('loadend', () => this.status === 401 && client.refused(headers), {
          once: true,
        });
        send.call(this, body);
      };
      if (!request[2] || client.isFresh()) return go();
      request[3] = true;
      client.prepare().then(go, () => waits() && tell(this, 'error'));
    },
    abort(this: XMLHttpRequest) {
      const waits = opened.get(this)?.[3];
      opened.delete(this);
      abort.call(this);
      if (waits) tell(this, 'abort');
    },
  } satisfies Partial<XMLHttpRequest>);
}
