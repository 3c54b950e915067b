// SPDX-License-Identifier: Apache-2.0
// The part that all examples share, however they send requests: the posts, a form for a new one, and the
// user's name.

const $ = (id) => document.getElementById(id);

/**
 * The example itself provides `list` and `add`. They send a request with the token and return the JSON of the
 * answer.
 */
export function showPosts(auth, { list, add }) {
  document.title = `Posts: ${location.pathname}`;
  $('page').innerHTML = `
    <header><h1>Posts</h1><span id="user"></span><button id="sign-out">Sign out</button></header>
    <form id="new"><label>New post <input name="text" required></label><button>Post</button><button type="button" id="load">Load posts</button></form>
    <p id="problem" class="problem" role="alert"></p><ul id="posts"></ul>`;
  let reader;
  auth.subscribe((session) => {
    // Another user signed in, or the user signed out, in another tab: the posts on the page are not for the
    // new user.
    if (reader && session.user?.id !== reader) $('posts').replaceChildren();
    reader = session.user?.id;
    $('user').textContent = session.status === 'signed-in' ? session.user.username : session.status;
    $('sign-out').hidden = session.status !== 'signed-in';
  });
  const attempt = (work) => async (event) => {
    event?.preventDefault();
    $('problem').textContent = '';
    await work(event).catch((error) => {
      $('problem').textContent = error.message ?? `${error.status}`;
    });
  };
  const load = attempt(async () => {
    const { posts } = await list();
    $('posts').replaceChildren(
      ...posts.map(({ author, text }) =>
        Object.assign(document.createElement('li'), { textContent: `${author}: ${text}` }),
      ),
    );
  });
  $('load').onclick = load;
  $('new').onsubmit = attempt(async ({ target }) => {
    await add(new FormData(target).get('text'));
    target.reset();
    await load();
  });
  $('sign-out').onclick = attempt(async () => {
    await auth.signOut();
    location.assign('/sign-in');
  });
  load();
}
