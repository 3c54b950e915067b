// SPDX-License-Identifier: Apache-2.0
// Follows the server's feed of revocations over one connection, as Server-Sent Events. After a break it
// connects again and resumes at its cursor, until somebody closes it. The protocol is in docs/revocation.md.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Revocation } from './revocations.js';

export interface FeedEvents {
  /**
   * A connection is open. The time by the server's clock, in Unix seconds; NaN if the server did not say it.
   */
  onOpened(serverTime: number): void;
  /** All earlier entries are void. The new entries follow, and then onSynced. */
  onReset(): void;
  onEntries(entries: Revocation[]): void;
  /** Every entry of the server has arrived. */
  onSynced(): void;
  /** The server sent something: the connection is alive. */
  onAlive(): void;
  onProblem(problem: Error): void;
}

/** The server refuses the service key. */
export class RefusedKey extends Error {}

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2000;
/** In milliseconds. The server sends a beat each second; after this long without one it counts as gone. */
const SILENCE = 3500;

export class Feed {
  #cursor = '';
  #pause = FIRST_PAUSE;
  #closed = false;
  #stop: () => void = () => {};

  constructor(
    private readonly url: string,
    private readonly serviceKey: string,
    private readonly events: FeedEvents,
  ) {
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #connect(): void {
    const send = this.url.startsWith('https:') ? httpsRequest : httpRequest;
    const headers = {
      Accept: 'text/event-stream',
      Authorization: `Bearer ${this.serviceKey}`,
      ...(this.#cursor && { 'Last-Event-ID': this.#cursor }),
    };
    const asked = send(`${this.url}/api/v1/revocations`, { headers, timeout: SILENCE, agent: false });
    let over = false;
    const again = (problem: Error) => {
      if (over) return;
      over = true;
      asked.destroy();
      if (this.#closed) return;
      this.events.onProblem(problem);
      const timer = setTimeout(() => this.#connect(), this.#pause);
      this.#stop = () => clearTimeout(timer);
      this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2);
    };
    this.#stop = () => again(new Error('closed'));
    asked.on('error', again);
    asked.on('timeout', () => again(new Error(`the feed of ${this.url} is silent`)));
    asked.on('response', (answer) => {
      if (answer.statusCode !== 200) {
        answer.resume();
        const said = `${answer.statusCode} ${answer.headers['www-authenticate'] ?? ''}`.trim();
        return again(
          said.includes('service_key_') // and no 403 of a proxy
            ? new RefusedKey(
                `${this.url} refuses the service key (${said}): make one with coatcheck service-key add NAME --scope feed`,
              )
            : new Error(`the feed of ${this.url} answered ${said}`),
        );
      }
      this.events.onOpened(Date.parse(answer.headers.date ?? '') / 1000);
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        if (over) return;
        text += part;
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          this.#event(text.slice(0, end));
          text = text.slice(end + 2);
        }
      });
      answer.on('close', () => again(new Error(`the feed of ${this.url} ended`)));
    });
    asked.end();
  }

  #event(text: string): void {
    let [event, data, id] = ['message', '', ''];
    for (const line of text.split('\n')) {
      const colon = line.indexOf(':');
      const [name, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
      if (name === 'event') event = value;
      else if (name === 'data') data += value;
      else if (name === 'id') id = value;
    }
    if (event === 'reset') this.events.onReset();
    else if (event === 'message' && data) this.events.onEntries(JSON.parse(data));
    else if (event === 'synced') {
      this.#pause = FIRST_PAUSE;
      this.events.onSynced();
    }
    this.events.onAlive();
    // Only after the entries are stored: the cursor must never point past an entry that was not taken in.
    if (id) this.#cursor = id;
  }
}
