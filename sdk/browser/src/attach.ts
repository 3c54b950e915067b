// SPDX-License-Identifier: Apache-2.0
// Covers the page's own `fetch` and `XMLHttpRequest`, and with them jQuery, axios, superagent and whatever else is built
// on the two. An XMLHttpRequest follows redirects by itself and tells nobody whereto: it is given the token for its first
// address, and the browser takes `Authorization` away where a redirect leads to another origin.

export interface AttachOptions {
  fetch?: boolean;
  /** True: every XMLHttpRequest of the page from now on; or a single one, before it is opened. */
  xhr?: boolean | XMLHttpRequest;
  /** More origins that get the token. */
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
  prepare(): Promise<unknown>;
  headersNow(method: string): Record<string, string>;
  refused(headers: Record<string, string>): Promise<boolean>;
}

export function attachTo({ fetch, xhr }: AttachOptions, client: Wired): () => void {
  const before = globalThis.fetch;
  if (fetch) globalThis.fetch = client.fetch;
  const undo = xhr && attachXhr(xhr === true ? XMLHttpRequest.prototype : xhr, client);
  return () => {
    if (fetch) globalThis.fetch = before;
    if (undo) undo();
  };
}

function attachXhr(target: XMLHttpRequest, client: Wired): () => void {
  const { open, setRequestHeader, send, abort } = target;
  /** Those that were opened: [method, address, asynchronous]. A request with an `Authorization` of its own leaves. */
  const opened = new WeakMap<XMLHttpRequest, [string, string, boolean]>();

  target.open = function (this: XMLHttpRequest, ...asked: [string, string | URL, boolean?, string?, string?]) {
    opened.set(this, [asked[0], `${asked[1]}`, asked[2] ?? asked.length < 3]);
    open.apply(this, asked as Parameters<typeof open>);
  } as typeof open;
  target.setRequestHeader = function (name, value) {
    if (/^authorization$/i.test(name)) opened.delete(this);
    setRequestHeader.call(this, name, value);
  };
  target.send = function (body) {
    const request = opened.get(this);
    if (!request || !client.reaches(request[1])) return send.call(this, body);
    const go = () => {
      if (opened.get(this) !== request) return; // aborted or opened anew while it waited
      const headers = client.headersNow(request[0]);
      for (const name in headers) setRequestHeader.call(this, name, headers[name]!);
      if (client.byCookie) this.withCredentials = true;
      // Sent once, whatever comes back; but what is sent next has a newer token.
      this.addEventListener('loadend', () => this.status === 401 && client.refused(headers), { once: true });
      send.call(this, body);
    };
    if (!request[2] || client.isFresh()) return go();
    client.prepare().then(go, go);
  };
  target.abort = function () {
    opened.delete(this);
    abort.call(this);
  };
  return () => Object.assign(target, { open, setRequestHeader, send, abort });
}
