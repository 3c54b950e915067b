// SPDX-License-Identifier: Apache-2.0
import { auth } from './auth.js';
import { showPosts } from './page.js';

const { jQuery: $ } = window;

// An API of the older kind wants the token and the user in headers of their own, on every request. The token is asked for
// each time, so that it is always a fresh one.
async function ajax(options) {
  const token = await auth.token();
  // Global to this jQuery: an application that also asks other origins gives such headers to its own requests alone.
  $.ajaxSetup({ headers: token ? { 'X-TOKEN': token, 'X-USER': auth.session.user.id } : {} });
  return $.ajax(options);
}

// The same with the switch that covers XMLHttpRequest: `Authorization` on every $.ajax, and sign-in when it is required.
auth.attach({ xhr: true });

showPosts(auth, {
  list: () => ajax({ url: '/api/posts' }),
  add: (text) => ajax({ url: '/api/posts', method: 'POST', contentType: 'application/json', data: JSON.stringify({ text }) }),
});
