// SPDX-License-Identifier: Apache-2.0
// The parts that few pages need. The core loads this file on demand. These parts import no code of the core
// and take what they need as arguments, so that the two files stay separate. A browser may have cached a core
// that is older than this file.
export { changePassword, endAllSessions, endSession, listSessions } from './account.js';
export { diagnose } from './diagnose.js';
export { hear } from './events.js';
export { scriptCookies } from './script-cookies.js';
export { goToSignIn } from './sign-in-page.js';
export { findStored } from './stored.js';
