// SPDX-License-Identifier: Apache-2.0
// What the parts that are loaded on demand need of the core.
import { claimsOf, kept, parseKept, placeOf } from './keeping.js';
import { authFetch, prepare } from './requests.js';
import { callServer, read } from './server.js';
import { keep } from './tabs.js';

export const core = { authFetch, callServer, claimsOf, keep, kept, parseKept, placeOf, prepare, read };
export type Core = typeof core;
