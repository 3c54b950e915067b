// SPDX-License-Identifier: Apache-2.0
// Measures the time from the answer to a sign-out until every verifier refuses the token. 100 verifiers are
// connected, and many sessions end.
//
//   node bound.mjs [--verifiers 100] [--sessions 10000]
//
// Half of the verifiers are in Node.js, half in C++ (build/examples/follow, which script/test verifiers
// builds). For every session it measures when each verifier has the entry in its table. For every fiftieth
// session it also checks the session's token, which each verifier has accepted before.
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createVerifier } from '../../sdk/node/dist/index.js';
import { Coatcheck, end, ROOT } from '../support/servers.js';

const { values } = parseArgs({
  options: { verifiers: { type: 'string', default: '100' }, sessions: { type: 'string', default: '10000' } },
});
const [count, sessions] = [Number(values.verifiers), Number(values.sessions)];
const CHECKED = 50;
const CLIENTS = 4;

const server = await new Coatcheck('--set', 'sessions.per_user=1000').start();
server.addUser('ada');
const serviceKey = server.serviceKey('bound', 'feed');
const url = `http://127.0.0.1:${server.port}`; // without the link, whose own time would count
const inCpp = Math.floor(count / 2);
const verifiers = Array.from({ length: count - inCpp }, () =>
  createVerifier({ url, issuer: server.url, serviceKey }),
);
await Promise.all(verifiers.map((verifier) => verifier.ready()));

/**
 * The verifiers in C++. `watchInCpp` gives a promise of the time at which the last of them refused the token.
 */
const follower = spawn(join(ROOT, 'build/examples/follow'), [url, serviceKey, server.url, `${inCpp}`], {
  stdio: ['pipe', 'pipe', 'inherit'],
  env: { ...process.env, LD_LIBRARY_PATH: join(ROOT, 'build/library/lib') },
});
const said = [];
const [watching, ending] = [[], []];
createInterface({ input: follower.stdout }).on('line', (line) => {
  const [word, number, nanoseconds] = line.split(' ');
  if (word === 'ended') ending[number](Number(nanoseconds) / 1e6);
  else if (word === 'watching') watching.shift()();
  else said.push(line);
});
follower.on('exit', (status) => {
  if (status) throw new Error(`the verifiers in C++ ended with ${status}: ${said.join(' ')}`);
});
const now = () => Number(process.hrtime.bigint()) / 1e6;
async function watchInCpp(token) {
  const ended = new Promise((done) => ending.push(done));
  const isWatched = new Promise((done) => watching.push(done));
  follower.stdin.write(`${token}\n`);
  await isWatched;
  return { ended };
}

// Before the sessions are there: a sign-in ends those that are more than a user may have.
const { user, token: asker } = await server.signInElsewhere('asker');
/** Makes most sessions as an operator's script could: one sign-in, then rows like its own in the database. */
const tokens = [];
while (tokens.length < Math.ceil(sessions / CHECKED)) tokens.push(await server.signInElsewhere('bound'));
const rows = sessions - tokens.length;
await server.crash();
const life = Date.now() + 900_000;
execFileSync('sqlite3', [
  `${server.data}/coatcheck.db`,
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
  INSERT INTO sessions(id, access_end, user_id, secret_hash, renewed_from, renewed, counter, rotated_1, rotated_2, rotated_3, rotated_4,
  delivery, device, address, network, created, last_used, idle_end, absolute_end)
  SELECT printf('bound%017d', i), ${life}, user_id, secret_hash, renewed_from, renewed, counter, rotated_1, rotated_2, rotated_3, rotated_4,
  delivery, device, address, network, created, last_used, idle_end, absolute_end FROM n, (SELECT * FROM sessions LIMIT 1)`,
]);
await server.start();
while (!verifiers.every((verifier) => verifier.state.feed === 'following'))
  await new Promise((done) => setTimeout(done, 20));

const template = (await verifiers[0].check(asker)).user;
const checked = [];
const heard = [];
const refusedInCpp = [];

async function endOne(index) {
  const own = index % CHECKED === 0 ? tokens[index / CHECKED] : undefined;
  const id = own ? own.session.id : `bound${String(index - Math.floor(index / CHECKED)).padStart(17, '0')}`;
  if (own)
    for (const verifier of verifiers)
      if (!(await verifier.check(own.token)).ok) throw new Error('it was not believed before');
  const cpp = own && (await watchInCpp(own.token));
  const times = [];
  const all = Promise.all(
    verifiers.map(
      (verifier) =>
        new Promise((done) =>
          verifier.onEnd({ ...template, session: id }, () => done(times.push(performance.now()))),
        ),
    ),
  );
  const answer = own
    ? await fetch(`${url}/api/v1/authentication`, {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${own.token}` },
      })
    : await fetch(`${url}/api/v1/sessions/${id}`, {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${asker}` },
      });
  const answered = performance.now();
  const answeredAt = now();
  if (answer.status !== 204) throw new Error(`${id}: ${answer.status} ${await answer.text()}`);
  if (own) {
    // Asks every verifier until the last one refuses.
    for (let left = verifiers; left.length; ) {
      const still = [];
      for (const verifier of left) if ((await verifier.check(own.token)).ok) still.push(verifier);
      left = still;
      if (left.length) await new Promise((done) => setTimeout(done, 1));
    }
    checked.push(performance.now() - answered);
  }
  if (cpp) refusedInCpp.push(Math.max(0, (await cpp.ended) - answeredAt));
  await all;
  for (const time of times) heard.push(Math.max(0, time - answered));
}

const started = performance.now();
let next = 0;
await Promise.all(
  Array.from({ length: CLIENTS }, async () => {
    while (next < sessions) await endOne(next++);
  }),
);
const seconds = (performance.now() - started) / 1000;

const at = (list, share) => list[Math.min(list.length - 1, Math.floor(list.length * share))].toFixed(2);
const line = (what, list) => {
  const sorted = Float64Array.from(list).sort();
  console.log(
    `${what}: p50 ${at(sorted, 0.5)} ms, p99 ${at(sorted, 0.99)} ms, p99.9 ${at(sorted, 0.999)} ms, maximum ${at(sorted, 1)} ms (${list.length} times)`,
  );
  return Number(at(sorted, 0.999));
};
console.log(
  `${count} verifiers, ${inCpp} of them in C++, ${sessions} sessions ended in ${seconds.toFixed(1)} s, user ${user.username}`,
);
const worst = Math.max(
  line('from the answer until a verifier knows', heard),
  line('from the answer until all in Node.js refuse its token', checked),
  line('from the answer until all in C++ refuse its token', refusedInCpp),
);
for (const verifier of verifiers) verifier.close();
follower.stdin.end();
await end(follower);
await server.stop();
console.log(`${worst < 1000 ? 1 : 0} passed, ${worst < 1000 ? 0 : 1} failed`);
process.exit(worst < 1000 ? 0 : 1);
