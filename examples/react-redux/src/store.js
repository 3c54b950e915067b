// SPDX-License-Identifier: Apache-2.0
import { createClient } from '@coatcheck/client';
import { coatcheckBaseQuery, coatcheckMiddleware, loadToken, sessionSlice } from '@coatcheck/client/redux';
import { configureStore, createSlice } from '@reduxjs/toolkit';
import { createApi } from '@reduxjs/toolkit/query/react';

export const auth = createClient({ url: 'http://localhost:8080' });

// With RTK Query, the base query sends the token.
export const api = createApi({
  baseQuery: coatcheckBaseQuery(auth, { baseUrl: '/api' }),
  tagTypes: ['posts'],
  endpoints: (build) => ({
    posts: build.query({ query: () => '/posts', providesTags: ['posts'] }),
  }),
});

// With plain actions, the middleware sends the request in `meta.request`, with the token.
export const addPost = (text) => ({
  type: 'posts/add',
  meta: { request: { url: '/api/posts', method: 'POST', body: { text } } },
});

const added = createSlice({
  name: 'added',
  initialState: { last: null, problem: null },
  reducers: {},
  extraReducers: (build) =>
    build
      .addMatcher(
        ({ type }) => type === 'posts/add/fulfilled',
        (_state, { payload }) => ({ last: payload.text, problem: null }),
      )
      .addMatcher(
        ({ type }) => type === 'posts/add/rejected',
        (state, { payload }) => ({ ...state, problem: payload.status }),
      ),
});

export const store = configureStore({
  reducer: { session: sessionSlice.reducer, added: added.reducer, [api.reducerPath]: api.reducer },
  middleware: (standard) => standard().concat(coatcheckMiddleware(auth), api.middleware),
});

// Loads the session of an earlier visit, with its token, into the store.
store.dispatch(loadToken());

// Another user signed in, or the user signed out, in this tab or another: drop what was read for the one
// before.
let reader;
auth.subscribe(({ user }) => {
  if (reader && user?.id !== reader) store.dispatch(api.util.resetApiState());
  reader = user?.id;
});
