// SPDX-License-Identifier: Apache-2.0
import { coatcheck } from '@coatcheck/client/superagent';
import { auth } from './auth.js';
import { showPosts } from './page.js';

const { superagent } = window;

showPosts(auth, {
  list: async () => (await superagent.get('/api/posts').use(coatcheck(auth))).body,
  add: async (text) => (await superagent.post('/api/posts').use(coatcheck(auth)).send({ text })).body,
});
