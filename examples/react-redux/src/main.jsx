// SPDX-License-Identifier: Apache-2.0
import { CoatcheckProvider, SignedIn, useCoatcheck, useUser } from '@coatcheck/client/react';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider, useDispatch, useSelector } from 'react-redux';
import '../../shared/style.css';
import { addPost, api, auth, store } from './store.js';

function SignIn() {
  const auth = useCoatcheck();
  const [problem, setProblem] = useState('');
  async function signIn(event) {
    event.preventDefault();
    try {
      await auth.signIn(Object.fromEntries(new FormData(event.target)));
      location.replace(auth.returnAddress());
    } catch (error) {
      setProblem(error.message);
    }
  }
  return (
    <>
      <h1>Sign in</h1>
      <form method="post" onSubmit={signIn}>
        <label>
          Username <input name="username" autoComplete="username" required />
        </label>
        <label>
          Password <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <button type="submit">Sign in</button>
      </form>
      <p className="problem" role="alert">
        {problem}
      </p>
    </>
  );
}

function Posts() {
  const auth = useCoatcheck();
  const user = useUser();
  const dispatch = useDispatch();
  const [isLeaving, setIsLeaving] = useState(false);
  const { data, error, refetch } = api.endpoints.posts.useQuery(undefined, { skip: isLeaving });
  const session = useSelector((state) => state.session);
  async function add(event) {
    event.preventDefault();
    const form = event.target;
    await dispatch(addPost(new FormData(form).get('text'))).catch(() => {});
    form.reset();
    refetch();
  }
  async function signOut() {
    // resetApiState() would make the query ask again without a session, and that would lead to the sign-in
    // page as well.
    setIsLeaving(true);
    await auth.signOut();
    location.assign('/sign-in');
  }
  return (
    <>
      <header>
        <h1>Posts</h1>
        <span id="user">{user?.username ?? session.status}</span>
        <SignedIn>
          <button type="button" onClick={signOut}>
            Sign out
          </button>
        </SignedIn>
      </header>
      <form onSubmit={add}>
        <label>
          New post <input name="text" required />
        </label>
        <button type="submit">Post</button>
        <button type="button" onClick={refetch}>
          Load posts
        </button>
      </form>
      <p className="problem" role="alert">
        {error ? `The API answered ${error.status}.` : ''}
      </p>
      <ul id="posts">
        {data?.posts.map(({ id, author, text }) => (
          <li key={id}>{`${author}: ${text}`}</li>
        ))}
      </ul>
      <p>
        <small>
          The token in the store:{' '}
          <code id="token">{session.token ? `${session.token.slice(0, 12)}…` : 'none'}</code>
        </small>
      </p>
    </>
  );
}

createRoot(document.getElementById('page')).render(
  <Provider store={store}>
    <CoatcheckProvider client={auth}>
      {location.pathname === '/sign-in' ? <SignIn /> : <Posts />}
    </CoatcheckProvider>
  </Provider>,
);
