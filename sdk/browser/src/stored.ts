// SPDX-License-Identifier: Apache-2.0
// Judges what the page's storage holds when the page loads. The core loads this file only if something is
// stored, or if the application wants a token of an older client taken over.
import { adoptFrom } from './adopt.js';
import type { Kept, Place } from './keeping.js';
import type { State } from './session.js';

export async function findStored(state: State, place: Place): Promise<Kept | undefined> {
  const { epoch, adopt } = state;
  const stored = await findKept(state, place);
  if (stored || !adopt) return stored;
  const adopted = await adoptFrom(adopt, state);
  if (adopted && epoch === state.epoch) state.core.keep(state, adopted);
  return adopted;
}

async function findKept(state: State, place: Place): Promise<Kept | undefined> {
  const { callServer, claimsOf, parseKept } = state.core;
  const text = place.read();
  if (text == null) return;
  const parse = () => parseKept(place.read(), state.page.Date.now());
  const found = parse();
  // If the server does not answer, the session is kept until it does.
  const server =
    found &&
    (await callServer<{ issuer: string }>(state, 'GET', '../../.well-known/oauth-authorization-server').catch(
      () => undefined,
    ));
  if (found && (!server?.issuer || server.issuer === claimsOf(found.token)!.iss)) return parse(); // perhaps newer
  if (place.read() === text) place.clear(); // unless it was replaced meanwhile
  state.onDiscarded({ key: state.key, reason: found ? 'foreign' : 'corrupt' });
  return;
}
