// SPDX-License-Identifier: Apache-2.0
import { auth } from './auth.js';
import { showPosts } from './page.js';

async function json(answer) {
  if (!answer.ok) throw new Error(`The API answered ${answer.status}.`);
  return answer.json();
}

// From here on the page's own fetch() and XMLHttpRequest carry the token, to this origin and to the listed
// ones.
auth.attach({ fetch: true, xhr: true });

showPosts(auth, {
  list: async () => json(await fetch('/api/posts')),
  add: async (text) => json(await fetch('/api/posts', { method: 'POST', body: JSON.stringify({ text }) })),
});
