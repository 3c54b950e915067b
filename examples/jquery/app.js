// SPDX-License-Identifier: Apache-2.0
import { auth } from './auth.js';
import { showPosts } from './page.js';

const { jQuery: $ } = window;

// An API of the older kind wants the token and the user in headers of their own, on every request. They go to the origins
// that may have them, and to no other that this page asks by jQuery.
let token = null;
$.ajaxSetup({
  beforeSend(request, { url }) {
    if (token && auth.reaches(url))
      request.setRequestHeader('X-TOKEN', token).setRequestHeader('X-USER', auth.session.user.id);
  },
});

// The token is asked for each time, so that it is always a fresh one.
async function ajax(options) {
  token = await auth.token();
  return $.ajax(options);
}

// The same with the switch that covers XMLHttpRequest: `Authorization` on every $.ajax, and sign-in when it is required.
auth.attach({ xhr: true });

showPosts(auth, {
  list: () => ajax({ url: '/api/posts' }),
  add: (text) =>
    ajax({
      url: '/api/posts',
      method: 'POST',
      contentType: 'application/json',
      data: JSON.stringify({ text }),
    }),
});
