// SPDX-License-Identifier: Apache-2.0
// What few pages ever need, loaded when one does. Nothing of it is in the core, and it takes what it needs of the core as
// arguments: the two stay apart as files.
export { adoptFrom } from './adopt.js';
export { diagnose } from './diagnose.js';
export { scriptCookies } from './script-cookies.js';
export { goToSignIn } from './sign-in-page.js';
