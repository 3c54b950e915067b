// SPDX-License-Identifier: Apache-2.0
// The demonstration page: it signs in, shows the content of the token, refreshes it, and signs out.
// Everything that the server sends is inserted as text, never as markup.

const AUTHENTICATION = '/api/v1/authentication';
const REFRESH = '/api/v1/authentication/refresh';
const SESSIONS = '/api/v1/sessions';
const EVENTS = '/api/v1/authentication/events';
const UNREACHABLE = { title: 'The server could not be reached.', detail: 'Nothing has changed; try again.' };

const $ = (id) => document.getElementById(id);

/** The state while a user is signed in: {token?, refreshToken?, expiresAt, lifetime, user, session, refreshes}. */
let held = null;
/** The promise of the running refresh, which all callers share. */
let refreshing = null;
/** No automatic refresh before this moment, so that an unreachable server is not asked in a tight loop. */
let quietUntil = 0;

/** Tells whether a reload may find a session. It is no secret, and saves new visitors a useless request. */
const hint = {
  key: 'coatcheck.page',
  // Storage may be switched off. Then a reload asks for the password.
  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key))?.delivery;
    } catch {
      return undefined;
    }
  },
  write(delivery) {
    try {
      localStorage.setItem(this.key, JSON.stringify({ delivery }));
    } catch {
      /* storage is switched off */
    }
  },
  clear() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      /* storage is switched off */
    }
  },
};

// ---- The server's clock. `Date` has whole seconds, so each answer bounds the offset, and later answers narrow it.

let offset = { least: -Infinity, most: Infinity };
const serverNow = () => Date.now() + (Number.isFinite(offset.least) ? (offset.least + offset.most) / 2 : 0);

function learnClock(dateHeader, sent, received) {
  const date = Date.parse(dateHeader ?? '');
  if (Number.isNaN(date)) return;
  const now = { least: date - received, most: date + 1000 - sent };
  const both = { least: Math.max(now.least, offset.least), most: Math.min(now.most, offset.most) };
  // If the bounds do not overlap, a clock was set meanwhile, and the earlier bounds no longer count.
  offset = both.least <= both.most ? both : now;
}

// ---- Requests

/** Sends one request and logs it. Never throws: a failure of the network is an answer with status 0. */
async function send(method, path, { token, body, cookies = true, note } = {}) {
  const reply = { status: 0, ok: false, headers: new Headers(), data: undefined, problem: null };
  const [sent, started] = [Date.now(), performance.now()];
  try {
    const response = await fetch(path, {
      method,
      headers: {
        ...(token && { Authorization: `Bearer ${token}` }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      body: body && JSON.stringify(body),
      credentials: cookies ? 'same-origin' : 'omit',
      signal: AbortSignal.timeout(15_000),
    });
    learnClock(response.headers.get('Date'), sent, Date.now());
    const { status, ok, statusText, headers } = response;
    Object.assign(reply, { data: parse(await response.text()), status, ok, statusText, headers });
    if (!ok) reply.problem = reply.data?.title ? reply.data : { title: `The server answered ${status}.` };
  } catch {
    reply.problem = UNREACHABLE;
  }
  reply.milliseconds = Math.round(performance.now() - started);
  addToLog(`${method} ${path}`, note, reply);
  return reply;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  } // the body is empty, or comes from a proxy
}

/** A request with a token in the header sends no cookies (perhaps set by another tab): it has one credential. */
const credential = () => (held?.token ? { token: held.token, cookies: false } : {});

/** Calls a route that needs a token. If the server finds the token too old, refreshes and calls once more. */
async function callProtected(method, path) {
  const asker = held;
  let reply = await send(method, path, credential());
  if (held && $('automatic').checked && isTooOld(reply)) {
    const renewed = await refresh('silent');
    if (renewed.ok && held) reply = await send(method, path, credential());
  }
  // Nothing on the page may say “signed in” beside an answer that says otherwise.
  const isOver = reply.status === 401 && reply.problem.code === 'token_revoked';
  if (held && held === asker && isOver) forget(reply.problem);
  return reply;
}

function isTooOld({ status, problem }) {
  // The browser deletes an access cookie when its token expires, and then sends no token.
  const codes = [
    'token_expired',
    'token_stale',
    ...(held.session.delivery === 'cookie' ? ['token_missing'] : []),
  ];
  return status === 401 && codes.includes(problem.code);
}

function refresh(note) {
  refreshing ??= refreshOnce(note).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function refreshOnce(note) {
  const asker = held;
  const body = held?.refreshToken && { refresh_token: held.refreshToken };
  const reply = await send('POST', REFRESH, { body, cookies: !body, note });
  quietUntil = Date.now() + 1000 * (reply.problem?.retry_after ?? (reply.ok ? 1 : 3));
  if (held !== asker) return reply; // the user signed out or in meanwhile, so this answer comes too late
  if (isSignedIn(reply)) accept(reply.data);
  else if (reply.status === 401) forget(reply.problem); // the one answer that ends a session here
  return reply;
}

function isSignedIn(reply) {
  const { token, user, session, expires_at: expiresAt } = reply.data ?? {};
  const isReadable = token === undefined || /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
  if (reply.ok && isReadable && user?.id && session?.id && Number.isFinite(expiresAt)) return true;
  reply.problem ??= { title: 'The page does not understand the answer.' };
  return (reply.ok = false);
}

// ---- Signing in and out

function accept({
  token,
  refresh_token: refreshToken,
  expires_at: expiresAt,
  expires_in: lifetime,
  user,
  session,
}) {
  const isRefresh = held?.session.id === session.id;
  const refreshes = isRefresh ? held.refreshes + 1 : 0;
  held = { token, refreshToken, expiresAt, lifetime: Math.max(1, lifetime), user, session, refreshes };
  hint.write(session.delivery);
  showProblem('ticket-problem', null);
  render();
  if (!isRefresh) loadSessions();
  listen();
}

/** Forgets the session and clears what the page shows of it. `problem` is the reason; null after a sign-out. */
function forget(problem) {
  stopListening();
  const hadFocus = ['ticket', 'token', 'sessions'].some((id) => $(id).contains(document.activeElement));
  held = null;
  hint.clear();
  for (const id of ['token-raw', 'token-header', 'token-claims', 'session-list']) $(id).replaceChildren();
  showAnswer(null);
  render();
  showProblem('sign-in-problem', problem && { ...problem, title: `You are signed out. ${problem.title}` });
  if (hadFocus) $('username').focus(); // only if the element with the focus is gone
}

async function signIn(event) {
  event.preventDefault();
  const form = $('sign-in-form');
  if (form.ariaBusy === 'true') return;
  form.ariaBusy = 'true';
  const { username, password, delivery, remember } = Object.fromEntries(new FormData(form));
  const body = { username, password, delivery, remember: remember !== undefined, device: thisDevice() };
  const reply = await send('POST', AUTHENTICATION, { body });
  form.ariaBusy = 'false';
  const isAccepted = isSignedIn(reply);
  showProblem('sign-in-problem', reply.problem);
  const wrong = reply.problem?.code === 'invalid_credentials' ? 'password' : reply.problem?.member;
  for (const field of [$('username'), $('password')]) {
    field.ariaInvalid = field.id === wrong ? 'true' : null;
    if (field.id === wrong) field.select();
  }
  if (!isAccepted) return;
  $('password').value = '';
  accept(reply.data);
  $('ticket-heading').focus();
  announce(`Signed in as ${held.user.username}.`);
}

async function signOut() {
  await refreshing; // its answer may bring new tokens, and must not arrive after the sign-out
  if (!held) return;
  const reply = await send('DELETE', AUTHENTICATION, {
    token: held.token,
    cookies: held.session.delivery !== 'body',
  });
  // With 401, the server does not know this session: there is nothing left to end.
  if (!reply.ok && reply.status !== 401) return showProblem('ticket-problem', reply.problem);
  forget(null);
  announce('Signed out.');
}

async function refreshByHand() {
  if (wentWell(await refresh(), 'ticket-problem')) announce('The token is refreshed.');
}

/** Shows the problem beside the control that the user used, unless the page was signed out meanwhile. */
function wentWell(reply, problemId) {
  if (held) showProblem(problemId, reply.problem);
  return held && reply.ok;
}

/** On load: asks whether the refresh cookie, which scripts cannot see, still has a session. */
async function lookForSession() {
  render('looking');
  showProblem('looking-problem', null);
  $('looking-choices').hidden = true;
  const reply = await refresh('on load');
  if (held || reply.status === 401) return;
  showProblem('looking-problem', { ...reply.problem, detail: 'Your session is not lost.' });
  $('looking-choices').hidden = false;
}

function thisDevice() {
  const firstOf = (names, other) => names.find((name) => navigator.userAgent.includes(name)) ?? other;
  const browser = firstOf(['Edg', 'Firefox', 'Chrome', 'Safari'], 'Browser').replace('Edg', 'Edge');
  return `${browser} on ${firstOf(['Android', 'iPhone', 'iPad', 'Windows', 'Mac', 'Linux'], 'some device')}`;
}

// ---- The event stream, by which the page hears at once that its session has ended

/** Ends the stream. Set while one is open. */
let listening = null;

function stopListening() {
  listening?.abort();
  listening = null;
}

/** Opens the stream, unless one is open. It ends with its token, and another one follows. */
async function listen() {
  if (listening || document.hidden || !held) return;
  const asker = held;
  const stream = (listening = new AbortController());
  let pause = 60_000; // after a refusal: the next refresh opens another stream anyway
  const { token, cookies } = credential();
  try {
    const response = await fetch(EVENTS, {
      headers: token ? { Authorization: `Bearer ${token}` } : {},
      credentials: cookies === false ? 'omit' : 'same-origin',
      signal: stream.signal,
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    if (response.ok) pause = 1_000;
    for (let text = ''; response.ok; ) {
      const { done, value } = await reader.read();
      if (done) break;
      text += value;
      const event = /^event: (ended|stale)\ndata: (.*)$/m.exec(text);
      if (!event || listening !== stream) continue;
      pause = 1_000;
      addToLog(`event: ${event[1]}`, 'stream', {
        ok: false,
        status: '',
        problem: parse(event[2]),
        milliseconds: '',
      });
      await new Promise((done) => setTimeout(done, 500)); // a new password may be under way to this page
      if (listening !== stream || held !== asker) break;
      if (event[1] === 'ended') forget({ title: 'The session has ended.', ...parse(event[2]) });
      else await refresh('silent'); // the answer says what has happened
      break;
    }
  } catch {
    // The stream was lost, or the page has ended it.
  }
  if (listening !== stream) return;
  listening = null;
  setTimeout(listen, pause);
}

// ---- Sessions

async function loadSessions() {
  const reply = await callProtected('GET', SESSIONS);
  if (!wentWell(reply, 'sessions-problem')) return;
  const sessions = [...(reply.data?.sessions ?? [])].sort(
    (a, b) => b.current - a.current || b.last_used_at - a.last_used_at,
  );
  $('session-list').replaceChildren(...sessions.map(sessionItem));
  $('end-others').hidden = sessions.length < 2;
}

function sessionItem({ id, device, delivery, address, created_at: created, last_used_at: used, current }) {
  const [name, number] = [device || 'A device without a name', ticketNumber(id)];
  const [origin, times] = [
    `${delivery} · ${address}`,
    `Signed in ${timeText(created)} · last used ${timeText(used)}`,
  ];
  const end = element(
    'button',
    { type: 'button', className: 'button quiet', ariaLabel: `End session ${number}, ${name}` },
    ['End'],
  );
  end.addEventListener('click', () =>
    endSessions(`${SESSIONS}/${encodeURIComponent(id)}`, `Session ${number} has ended.`),
  );
  const item = element('li', {}, [
    element('span', { className: 'stub-number' }, [number]),
    element('div', {}, [
      element('p', { className: 'session-name' }, [name]),
      ...[origin, times].map((text) => element('p', { className: 'small' }, [text])),
    ]),
    current ? element('span', { className: 'badge' }, ['This one']) : end,
  ]);
  item.dataset.session = id;
  return item;
}

async function endSessions(path, done) {
  if (!wentWell(await callProtected('DELETE', path), 'sessions-problem')) return;
  await loadSessions();
  $('sessions-heading').focus(); // the button that was pressed is gone
  announce(done);
}

// ---- Display

/** True until the route was called as the present user, or as nobody. */
let isNotCalled = true;

function showAnswer(reply) {
  isNotCalled = !reply;
  // A screen reader reads answers aloud, and not that there is none.
  $('answer-status').role = reply ? 'status' : null;
  const headers = [...(reply?.headers ?? [])].filter(([name]) =>
    /^(www-authenticate|retry-after|x-auth-.*)$/.test(name),
  );
  $('answer-status').replaceChildren(
    ...(!reply
      ? [held ? 'Not called yet.' : 'Not called yet. Without a token it answers 401.']
      : [
          element('strong', { className: `stamp ${reply.ok ? 'good' : 'bad'}` }, [
            `${reply.status || 'No answer'} ${reply.statusText ?? ''}`,
          ]),
          element('code', {}, [reply.problem?.code ?? '']),
          element('span', { className: 'small' }, [`${reply.milliseconds} ms`]),
        ]),
  );
  $('answer-problem').textContent = reply?.problem ? sentences(reply.problem) : '';
  $('answer-headers').textContent = headers.map((pair) => pair.join(': ')).join('\n');
  $('answer-headers').hidden = headers.length === 0;
  $('answer-body').hidden = reply?.data === undefined;
  showJson('answer-body', reply?.data);
}

function render(view = held ? 'signed-in' : 'signed-out') {
  $('looking').hidden = view !== 'looking';
  $('sign-in').hidden = view !== 'signed-out';
  for (const id of ['ticket', 'token', 'sessions']) $(id).hidden = view !== 'signed-in';
  if (isNotCalled) showAnswer(null);
  if (!held) return;
  const { token, user, session, refreshes } = held;
  const texts = {
    'ticket-number': ticketNumber(session.id),
    'ticket-user': user.username,
    'ticket-device': session.device || 'without a name',
    'ticket-delivery': session.delivery,
    'ticket-ends': timeText(session.expires_at),
    'ticket-idle': timeText(session.idle_expires_at),
    'ticket-about': $(`about-${session.delivery}`)?.textContent ?? '',
    'refresh-count':
      refreshes === 0 ? 'Not refreshed yet' : `Refreshed ${refreshes === 1 ? 'once' : `${refreshes} times`}`,
    'token-header-heading': token ? 'Header' : 'User',
    'token-claims-heading': token ? 'Claims' : 'Session and expiry',
  };
  for (const [id, text] of Object.entries(texts)) $(id).textContent = text;
  $('token-about').hidden = Boolean(token);
  $('token-raw').hidden = !token;
  $('copy').hidden = !token || !navigator.clipboard;
  const parts = token?.split('.') ?? [];
  const classes = ['part-header', 'part-claims', 'part-signature'];
  $('token-raw').replaceChildren(
    ...parts.flatMap((part, index) => [
      index ? '.' : '',
      element('span', { className: classes[index] }, [part]),
    ]),
  );
  showJson('token-header', token ? decodePart(parts[0]) : user);
  showJson('token-claims', token ? decodePart(parts[1]) : { expires_at: held.expiresAt, session });
  tick();
}

/** Only for display: the server decides whether a token is valid. */
function decodePart(part) {
  const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
    character.codePointAt(0),
  );
  return parse(new TextDecoder().decode(bytes)) ?? 'This part cannot be read.';
}

/** Pretty-prints JSON, with a readable time beside each number that is a time. */
function showJson(id, value) {
  const spread = JSON.stringify(value, null, 2) ?? '';
  // A list of plain values fits on one line. Inside a string there are no line ends, so only real lists match.
  const compact = spread.replace(
    /\[\n\s*([^[\]{}]*?)\n\s*\]/g,
    (_, values) => `[${values.replace(/\n\s*/g, ' ')}]`,
  );
  $(id).replaceChildren(
    ...compact.split('\n').flatMap((line, index) => {
      const [, indent, key, rest] = /^(\s*)("(?:[^"\\]|\\.)*"(?=: ))?(.*)$/.exec(line);
      const time = /^"(exp|iat|auth_time|\w+_at)"$/.test(key ?? '') && /^: (\d+),?$/.exec(rest)?.[1];
      const gloss = time ? timeText(time, { second: '2-digit' }) : '';
      return [
        index ? '\n' : '',
        indent,
        element('span', { className: 'json-key' }, [key ?? '']),
        `${rest} `,
        element('span', { className: 'json-gloss' }, [gloss]),
      ];
    }),
  );
}

function tick() {
  if (!held) return;
  const left = Math.max(0, held.expiresAt - serverNow() / 1000);
  const seconds = Math.ceil(left);
  const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  if ($('countdown').textContent !== text) $('countdown').textContent = text;
  $('countdown-text').textContent = left ? 'until the access token expires' : 'The access token has expired';
  $('ring').style.strokeDashoffset = String(100 - 100 * Math.min(1, left / held.lifetime));
  $('ticket').classList.toggle('is-expired', left === 0);
  const isDue = left <= Math.min(30, held.lifetime / 4) && Date.now() >= quietUntil;
  if ($('automatic').checked && isDue && !refreshing) refresh('silent');
}

function addToLog(request, note, { ok, status, problem, milliseconds }) {
  $('log').hidden = false;
  $('log-rows').prepend(
    element('tr', {}, [
      element('td', {}, [
        element('code', {}, breakable(request)),
        ...(note ? [element('span', { className: 'badge' }, [note])] : []),
      ]),
      element('td', { className: ok ? 'good' : 'bad' }, [status || 'none']),
      element('td', {}, [element('code', {}, breakable(problem?.code ?? ''))]),
      element('td', { className: 'number' }, [milliseconds]),
    ]),
  );
  while ($('log-rows').rows.length > 50) $('log-rows').lastElementChild.remove();
}

function showProblem(id, problem) {
  $(id).replaceChildren(
    ...(problem ? [`${sentences(problem)} `, element('code', {}, [problem.code ?? ''])] : []),
  );
}

function sentences({ title, detail, member, retry_after: wait }) {
  return [title, detail, member && `The field is “${member}”.`, wait && `Try again in ${wait} s.`]
    .filter(Boolean)
    .map((text) => (/[.!?]$/.test(text) ? text : `${text}.`))
    .join(' ');
}

function announce(text) {
  $('announcer').textContent = ''; // so that a screen reader says the same text again
  setTimeout(() => {
    $('announcer').textContent = text;
  }, 50);
}

/** A number as on a cloakroom ticket, made from the id of the session, because it is easier to recognise. */
const ticketNumber = (id) =>
  String(100 + [...id].reduce((sum, character) => (sum * 31 + character.codePointAt(0)) % 900, 7));

/** The time of day, and the date unless it is today. */
function timeText(seconds, moreForToday = {}) {
  const time = new Date(seconds * 1000);
  const isToday = time.toDateString() === new Date().toDateString();
  const parts = isToday ? moreForToday : { month: 'short', day: 'numeric' };
  return time.toLocaleString([], { hour: 'numeric', minute: '2-digit', ...parts });
}

/** Lets a path or a code break after each / and _. */
const breakable = (text) => text.split(/(?<=[/_])/).flatMap((part) => [part, element('wbr')]);

function element(name, properties = {}, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// ---- Start

$('sign-in-form').addEventListener('submit', signIn);
$('protected-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  showAnswer(await callProtected('GET', new FormData(event.target).get('route')));
});
$('sign-out').addEventListener('click', signOut);
$('refresh').addEventListener('click', refreshByHand);
$('look-again').addEventListener('click', lookForSession);
$('start-over').addEventListener('click', () => {
  render('signed-out');
  $('username').focus();
});
$('reload-sessions').addEventListener('click', loadSessions);
$('end-others').addEventListener('click', () =>
  endSessions(`${SESSIONS}?except=current`, 'All other sessions have ended.'),
);
$('copy').addEventListener('click', () =>
  navigator.clipboard.writeText(held.token).then(
    () => announce('Copied.'),
    () => announce('Not copied.'),
  ),
);
document.addEventListener('visibilitychange', () => (document.hidden ? stopListening() : listen()));
addEventListener('pagehide', stopListening);
addEventListener('pageshow', listen);
setInterval(tick, 200);

const lastDelivery = hint.read();
for (const choice of document.getElementsByName('delivery')) choice.checked ||= choice.value === lastDelivery;
if (lastDelivery === 'hybrid' || lastDelivery === 'cookie') lookForSession();
else render();
if (lastDelivery === 'body') {
  hint.clear();
  const title = 'The reload forgot the tokens: delivery “body” keeps them in memory only.';
  showProblem('sign-in-problem', {
    title,
    detail: 'The session itself stays live until it is ended or expires.',
  });
}
