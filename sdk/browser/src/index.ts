// SPDX-License-Identifier: Apache-2.0
export { createClient } from './client.js';
export type { Client, ClientOptions, Credentials, Discarded, Session, Storage } from './client.js';
export type { Adopt } from './adopt.js';
export type { AttachOptions } from './attach.js';
export { CoatcheckError } from './errors.js';
export type { LocalCode } from './errors.js';
export type { SessionInfo, User } from './wire.js';
