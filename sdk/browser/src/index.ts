// SPDX-License-Identifier: Apache-2.0
export { createClient } from './client.js';
export { CoatcheckError } from './errors.js';
export type { LocalCode } from './errors.js';
export type {
  Adopt,
  AttachOptions,
  Client,
  ClientOptions,
  Credentials,
  Discarded,
  Session,
  Storage,
} from './types.js';
export type { SessionInfo, User } from './wire.js';
