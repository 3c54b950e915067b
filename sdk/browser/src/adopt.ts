// SPDX-License-Identifier: Apache-2.0
// Takes over the token that an older client of the application left behind: a bare token, or JSON that holds
// one. The core loads this file only if the application asks for it, and passes in the functions that it
// needs.
import type { Discarded } from './client.js';
import type { attempt, claimsOf, kept, Kept, placeOf } from './keeping.js';
import type { Call } from './server.js';
import { cookies } from './script-cookies.js';
import type { Answer } from './wire.js';

/** Where the older client kept its token. */
export type Adopt = { localStorage: string } | { sessionStorage: string } | { cookie: string };

export interface Core {
  call: Call;
  attempt: typeof attempt;
  claimsOf: typeof claimsOf;
  kept: typeof kept;
  placeOf: typeof placeOf;
  discard(discarded: Discarded): void;
}

export async function adoptFrom(
  adopt: Adopt,
  { call, attempt, claimsOf, kept, placeOf, discard }: Core,
): Promise<Kept | undefined> {
  const [where, key] = Object.entries(adopt)[0] as ['localStorage' | 'sessionStorage' | 'cookie', string];
  const place = placeOf(where === 'cookie' ? cookies : attempt(() => window[where]), key);
  const text = place.read();
  if (text === null) return;
  const left = attempt(() => JSON.parse(text)) ?? text; // a bare token is not JSON
  const token = left.token ?? left.Token ?? left;
  const drop = (reason: Discarded['reason']) => {
    place.clear();
    discard({ key, reason });
  };
  if (!claimsOf(token)) return void drop('corrupt');
  try {
    const found = await kept(
      left.refresh_token
        ? call<Answer>('POST', 'authentication/refresh', { body: { refresh_token: left.refresh_token } })
        : call<Answer>('GET', 'authentication', { token }).then((answer) => ({ ...answer, token })),
    );
    place.clear();
    return found;
  } catch (error) {
    const { status = 0 } = error as { status?: number };
    // The server did not judge the token, so the next load tries again.
    if (status < 400 || status === 429 || status >= 500) throw error;
    drop('refused');
  }
  return;
}
