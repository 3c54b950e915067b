// SPDX-License-Identifier: Apache-2.0
export { createVerifier } from './verifier.js';
export type { Verifier, VerifierOptions } from './verifier.js';
export type { ForeignIssuer } from './foreign.js';
export { authenticate, refusal } from './credentials.js';
export type { Asked, CredentialOptions } from './credentials.js';
export type { Code, User, Verdict } from './verdict.js';
