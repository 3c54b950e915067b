// SPDX-License-Identifier: Apache-2.0
import axios from 'axios';
import { attachAxios } from '@coatcheck/client/axios';
import { auth } from './auth.js';
import { showPosts } from './page.js';

attachAxios(auth, axios);

showPosts(auth, {
  list: async () => (await axios.get('/api/posts')).data,
  add: async (text) => (await axios.post('/api/posts', { text })).data,
});
