// SPDX-License-Identifier: Apache-2.0
// Helpers for the partner tests: a Coatcheck with OAuth, and a visitor who goes through its pages as a browser
// without script does.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Coatcheck, PASSWORD } from '../support/servers.js';

export * from '../support/servers.js';

export const API = 'https://api.example.com';

const CONFIG = `
[oauth]
enabled = true

[[resource]]
uri = "${API}"
name = "Example"
scopes = { "posts:read" = "Read your posts", "posts:write" = "Write posts for you" }
default_scopes = ["posts:read"]
`;

/** Starts a Coatcheck with OAuth and the user ada. */
export async function startOAuth(...flags) {
  const coatcheck = new Coatcheck('--dev', ...flags);
  const file = join(coatcheck.directory, 'coatcheck.toml');
  writeFileSync(file, CONFIG);
  coatcheck.flags.push('--config', file);
  await coatcheck.start();
  coatcheck.addUser('ada');
  return coatcheck;
}

/** Adds a client; `words` are those of `coatcheck client add`. */
export const addClient = (coatcheck, ...words) =>
  JSON.parse(coatcheck.command(['client', 'add', ...words, '--json']));

const unescaped = (text) =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

const attribute = (tag, name) => {
  const found = new RegExp(`\\b${name}="([^"]*)"`).exec(tag);
  return found ? unescaped(found[1]) : undefined;
};

/** The form of a page: `{ action, fields, asksPassword }`. */
export function formOf(page) {
  const form = /<form[^>]*>/.exec(page)?.[0];
  assert.ok(form, page);
  const fields = {};
  for (const [tag] of page.matchAll(/<input[^>]*type="hidden"[^>]*>/g))
    fields[attribute(tag, 'name')] = attribute(tag, 'value');
  return { action: attribute(form, 'action'), fields, asksPassword: /type="password"/.test(page) };
}

/** A person with a browser: keeps cookies, follows redirects and fills in Coatcheck's forms. */
export class Visitor {
  jars = new Map(); // cookies by origin
  pages = [];

  /** `origin` is where addresses are relative to; `coatcheck` has the forms, and is `origin` if it is absent. */
  constructor(
    origin,
    { username = 'ada', password = PASSWORD, decision = 'allow', coatcheck = origin } = {},
  ) {
    Object.assign(this, { origin, username, password, decision, coatcheck });
  }

  cookiesOf(origin) {
    if (!this.jars.has(origin)) this.jars.set(origin, new Map());
    return this.jars.get(origin);
  }

  /** Sends a request as a browser that goes to a page does. Not by fetch(), which says that a script asks. */
  async ask(url, { method = 'GET', body } = {}) {
    const cookies = this.cookiesOf(url.origin);
    const headers = {
      Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-Dest': 'document',
      'Sec-Fetch-Site': method === 'POST' ? 'same-origin' : 'cross-site',
      ...(body && { 'Content-Type': 'application/x-www-form-urlencoded' }),
    };
    const answer = await new Promise((done, fail) => {
      request(url, { method, headers }, done).on('error', fail).end(body?.toString());
    });
    let page = '';
    for await (const part of answer.setEncoding('utf8')) page += part;
    for (const cookie of answer.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return { status: answer.statusCode, location: answer.headers.location, page };
  }

  /** Goes on until `isThere(url, answer)`. An answer of Coatcheck's with a form is filled in. */
  async walk(url, options, isThere) {
    let place = new URL(url, this.origin);
    let asked = options;
    for (let steps = 0; steps < 16; steps += 1) {
      if (isThere(place)) return { url: place };
      const answer = await this.ask(place, asked);
      asked = {};
      if (answer.location) {
        place = new URL(answer.location, place);
        continue;
      }
      if (isThere(place, answer) || place.origin !== this.coatcheck) return { url: place, ...answer };
      assert.equal(answer.status, 200, answer.page);
      this.pages.push({ url: place, page: answer.page });
      if (!answer.page.includes('<form')) return { url: place, ...answer };
      const { action, fields, asksPassword } = formOf(answer.page);
      const typed = asksPassword
        ? { login: this.username, password: this.password }
        : { decision: this.decision };
      place = new URL(action, place);
      asked = { method: 'POST', body: new URLSearchParams({ ...fields, ...typed }) };
    }
    assert.fail(`no end of redirects at ${place}`);
  }

  /** Goes on from this address until it leads away from Coatcheck. Returns where to. */
  async visit(address) {
    return (await this.walk(address, {}, (url) => url.origin !== this.coatcheck)).url;
  }

  /** Goes to a page of an application, through Coatcheck if it sends there. Returns the page. */
  go(address) {
    return this.walk(address, {}, () => false);
  }
  send(address, fields) {
    return this.walk(address, { method: 'POST', body: new URLSearchParams(fields) }, () => false);
  }
}
