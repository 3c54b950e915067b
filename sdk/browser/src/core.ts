// SPDX-License-Identifier: Apache-2.0
// The functions of the core that the parts which are loaded on demand call.
import { claimsOf, kept, parseKept, placeOf } from './keeping.js';
import { authFetch, prepare } from './requests.js';
import { callServer, read } from './server.js';
import { keep } from './tabs.js';

export const core = { authFetch, callServer, claimsOf, keep, kept, parseKept, placeOf, prepare, read };
export type Core = typeof core;
