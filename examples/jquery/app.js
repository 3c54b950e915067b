// SPDX-License-Identifier: Apache-2.0
import { auth } from './auth.js';
import { showPosts } from './page.js';

const { jQuery: $ } = window;

// An older API wants the token and the user in separate headers, on every request. Only origins that may have
// the token get them, and no other address that this page asks with jQuery.
let token = null;
$.ajaxSetup({
  beforeSend(request, { url }) {
    if (token && auth.reaches(url))
      request.setRequestHeader('X-TOKEN', token).setRequestHeader('X-USER', auth.session.user.id);
  },
});

// Asks for the token each time, so that it is always a fresh one.
async function ajax(options) {
  token = await auth.token();
  return $.ajax(options);
}

// This covers XMLHttpRequest too: it adds `Authorization` to every $.ajax, and goes to sign-in when that is
// required.
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
