// SPDX-License-Identifier: Apache-2.0
import { auth } from './auth.js';
import { showPosts } from './page.js';

async function json(answer) {
  if (!answer.ok) throw new Error(`The API answered ${answer.status}.`);
  return answer.json();
}

// auth.fetch() is fetch() with the session. It refreshes the token before it expires, and tries once more
// after a 401.
showPosts(auth, {
  list: async () => json(await auth.fetch('/api/posts')),
  add: async (text) =>
    json(await auth.fetch('/api/posts', { method: 'POST', body: JSON.stringify({ text }) })),
});
