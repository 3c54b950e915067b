// SPDX-License-Identifier: Apache-2.0
// Every verifier must give the same verdict (I9): runs mutated tokens through the verifiers in C++, Node.js
// and PHP. It fails if two verdicts differ, or if a forged token is accepted.
//
//   node differential.mjs [--tokens 1000000] [--seed N]
//
// Half of the tokens carry a good signature over odd contents, because a token with a bad signature is
// refused before its contents are read.
import { execFile } from 'node:child_process';
import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { ROOT } from '../support/servers.js';

const { values } = parseArgs({
  options: {
    tokens: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
  },
});
const [total, seed] = [Number(values.tokens), Number(values.seed)];
const BATCH = 25_000;
const [ISSUER, NOW] = ['https://id.example', 1_800_000_100];

// mulberry32: one seed gives the same tokens, except for their keys.
let state = seed;
const random = () => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];

const MAKE = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
};
const SIGN = {
  ES256: (key, input) => sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }),
  EdDSA: (key, input) => sign(null, input, key),
  RS256: (key, input) => sign('sha256', input, key),
};
const keys = Object.entries(MAKE).map(([alg, make]) => {
  const { publicKey, privateKey } = make();
  return {
    alg,
    kid: `key-${alg}`,
    private: privateKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `key-${alg}` },
  };
});
const stranger = Object.fromEntries(
  keys.map(({ alg }) => [
    alg,
    createPrivateKey(MAKE[alg]().privateKey.export({ format: 'pem', type: 'pkcs8' })),
  ]),
);
const sealing = randomBytes(32);
const SEALED = {
  alg: 'dir',
  enc: 'A256GCM',
  typ: 'at+jwt',
  cty: 'JWT',
  kid: createHash('sha256')
    .update(`{"k":"${sealing.toString('base64url')}","kty":"oct"}`)
    .digest('base64url'),
};
const set = {
  encryption_keys: [`base64:${sealing.toString('base64')}`], // and other tokens are accepted as well
  issuer: ISSUER,
  audience: ISSUER,
  now: NOW,
  jwks: { keys: keys.map(({ jwk }) => jwk) },
  revocations: [
    { kind: 'session', subject: 'ended', expires: NOW + 900 },
    { kind: 'user_revoked', subject: 'u2', minimum: 5, expires: NOW + 900 },
    { kind: 'user_stale', subject: 'u3', minimum: 7, expires: NOW + 900 },
    { kind: 'issued_before', subject: '', minimum: NOW - 5000, expires: NOW + 900 },
  ],
};

const CLAIMS = () => ({
  iss: ISSUER,
  sub: pick(['u1', 'u2', 'u3']),
  aud: ISSUER,
  exp: NOW + pick([800, 800, 800, 1, 0, -1]),
  iat: NOW - pick([100, 100, 5000, 4999, 0, -60, -61]),
  jti: 'j',
  client_id: 'coatcheck',
  scope: 'account',
  sid: pick(['s', 's', 's', 'ended']),
  auth_time: NOW - 100,
  amr: ['pwd'],
  preferred_username: 'ada',
  roles: ['editor'],
  ver: pick([3, 4, 5, 6, 7, 8]),
});
const b64 = (bytes) => Buffer.from(bytes).toString('base64url');
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUES = [
  'null',
  'true',
  '0',
  '-0',
  '1',
  '-1',
  '1.0',
  '1e3',
  '1E400',
  '1e9999',
  '1e-9999',
  '1e00001',
  '1e2147483648',
  '0e99999',
  '1E+0001',
  '1.5',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551616',
  '-9223372036854775809',
  '1800000900.5',
  '1.8000009e9',
  '0x10',
  '01',
  '+1',
  '1.',
  '.5',
  'NaN',
  '""',
  '"x"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\ud83d\\ude00"',
  '"\u00e9"',
  '"e\u0301"',
  '[]',
  '[1]',
  '["x","y"]',
  `["${ISSUER}"]`,
  `["x","${ISSUER}"]`,
  '{}',
  '{"a":1}',
  '{"a":1,"a":2}',
  '[[[[[[[[1]]]]]]]]',
  '[[[[[[[1]]]]]]]',
  '"\\/"',
  '"\t"',
  `"${'x'.repeat(300)}"`,
  `"${ISSUER}/"`,
  `"\\u0068ttps://id.example"`,
];
const JUNK = [
  ' ',
  '\n',
  '\t',
  '\r',
  '\0',
  '\u00a0',
  '\ufeff',
  ',',
  ':',
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  '/**/',
  '\\u0061',
  'e',
  '\u2028',
];

/** JSON text with something odd in it. Often it is still valid JSON. */
function oddJson(object) {
  const members = Object.entries(object).map(([name, value]) => [
    JSON.stringify(name),
    JSON.stringify(value),
  ]);
  const at = below(members.length);
  switch (below(12)) {
    case 0:
      members[at][1] = pick(VALUES);
      break;
    case 1:
      members.splice(at, 1);
      break;
    case 2:
      members.push([members[at][0], pick([members[at][1], pick(VALUES)])]);
      break;
    case 3:
      members[at][0] = members[at][0].replace(/[a-z]/, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
      if (random() < 0.5)
        members.push([Object.keys(object).map((n) => JSON.stringify(n))[at], members[at][1]]);
      break;
    case 4:
      members[at][0] = pick([
        members[at][0].toUpperCase(),
        '""',
        '"nbf"',
        '"crit"',
        '"b64"',
        '"__proto__"',
        '"constructor"',
        '"exp "',
        '"toString"',
      ]);
      break;
    case 5:
      members.push([
        pick(['"nbf"', '"crit"', '"b64"', '"x"', '"__proto__"', '"zip"', '"jwk"', '"enc"']),
        pick(VALUES),
      ]);
      break;
    case 6:
      for (let i = below(120); i > 0; i -= 1) members.push([`"m${i}"`, '1']);
      break;
    case 7:
      members.reverse();
      break;
    default:
      break;
  }
  let text = `{${members.map(([name, value]) => `${name}:${value}`).join(',')}}`;
  if (random() < 0.3) {
    const place = below(text.length + 1);
    text = text.slice(0, place) + pick(JUNK) + text.slice(place + below(2));
  }
  const bytes = Buffer.from(text);
  if (random() < 0.05) bytes[below(bytes.length)] = below(256); // mostly not UTF-8 any more
  return bytes;
}

const headerOf = (key) => ({ alg: key.alg, typ: 'at+jwt', kid: key.kid });
const signed = (key, header, claims, alg = key.alg, secret = key.private) => {
  const input = `${b64(header)}.${b64(claims)}`;
  return `${input}.${b64(SIGN[alg](secret, Buffer.from(input)))}`;
};

/** Changes a few bytes of a token. */
function broken(token) {
  let text = token;
  for (let i = 1 + below(3); i > 0; i -= 1) {
    const place = below(text.length);
    switch (below(7)) {
      case 0:
        text = text.slice(0, place) + pick(ALPHABET) + text.slice(place + 1);
        break;
      case 1:
        text = text.slice(0, place) + text.slice(place + 1);
        break;
      case 2:
        text =
          text.slice(0, place) +
          pick([...ALPHABET, '=', '+', '/', '.', ' ', '%', '\n', '\0', '\u00ff']) +
          text.slice(place);
        break;
      case 3:
        text = text.slice(0, place);
        break;
      case 4:
        text = `${text}${pick(['=', '==', '.', ' ', '\n', 'A', '\0'])}`;
        break;
      case 5: {
        const last = text.at(-1);
        text = text.slice(0, -1) + ALPHABET[(ALPHABET.indexOf(last) ^ (1 + below(3))) & 63];
        break;
      }
      default: {
        const parts = text.split('.');
        text = [parts[below(parts.length)], parts[below(parts.length)], parts.at(-1)].join('.');
      }
    }
    if (!text) return '.';
  }
  return text;
}

/** { token, isForged }. `isForged`: none of our keys has signed exactly this token. */
function candidate() {
  const key = random() < 0.15 ? keys[2] : pick(keys.slice(0, 2)); // RSA signatures are slow
  const [header, claims] = [headerOf(key), CLAIMS()];
  const [plainHeader, plainClaims] = [
    Buffer.from(JSON.stringify(header)),
    Buffer.from(JSON.stringify(claims)),
  ];
  const kind = random();
  if (kind < 0.15) return { token: signed(key, plainHeader, plainClaims), isForged: false };
  if (kind < 0.45) return { token: signed(key, plainHeader, oddJson(claims)), isForged: false };
  if (kind < 0.6)
    return {
      token: signed(
        key,
        oddJson({
          ...header,
          ...(random() < 0.2 && {
            typ: pick(['JWT', 'at+JWT', 'application/at+jwt', 'APPLICATION/AT+JWT', '', 'at+jwt ']),
          }),
        }),
        plainClaims,
      ),
      isForged: false,
    };
  if (kind < 0.85) {
    const good = signed(key, plainHeader, plainClaims);
    const token = broken(good);
    return { token, isForged: token !== good };
  }
  const other = pick(keys);
  const wrong = Buffer.from(
    JSON.stringify({
      ...header,
      alg: pick(['none', 'None', 'HS256', 'ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519', 'ES384', '']),
      kid: pick([other.kid, key.kid, 'x', '', '../x']),
    }),
  );
  if (kind < 0.9)
    return { token: signed(key, plainHeader, plainClaims, key.alg, stranger[key.alg]), isForged: true };
  // The right key under another name of its algorithm: Ed25519 is also EdDSA.
  if (kind < 0.96) return { token: signed(key, wrong, plainClaims), isForged: false };
  const input = `${b64(wrong)}.${b64(plainClaims)}`;
  const mac = createHmac('sha256', JSON.stringify(other.jwk)).update(input).digest();
  return { token: `${input}.${pick([b64(mac), '', 'AA', b64(Buffer.alloc(64))])}`, isForged: true };
}

/** Wraps a token in a JWE, which proves nothing, and sometimes makes the JWE odd. */
function sealed({ token, isForged }) {
  const header = b64(
    random() < 0.2
      ? oddJson(SEALED)
      : JSON.stringify({
          ...SEALED,
          ...(random() < 0.1 && {
            [pick(['alg', 'enc', 'kid', 'zip'])]: pick([
              'dir',
              'A256GCM',
              'A128GCM',
              'none',
              'DEF',
              SEALED.kid,
              'A256KW',
              '',
            ]),
          }),
        }),
  );
  const [iv, key] = [
    randomBytes(random() < 0.03 ? pick([1, 8, 11, 13, 16]) : 12),
    random() < 0.05 ? randomBytes(32) : sealing,
  ];
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(header));
  const value = Buffer.concat([cipher.update(Buffer.from(token, 'latin1')), cipher.final()]);
  const tag = cipher.getAuthTag().subarray(0, random() < 0.03 ? pick([4, 8, 12, 13, 15]) : 16);
  const whole = [
    header,
    random() < 0.03 ? b64(randomBytes(below(40))) : '',
    b64(iv),
    b64(value),
    b64(tag),
  ].join('.');
  const mutated = random() < 0.3 ? broken(whole) : whole;
  return { token: mutated, isForged: isForged || key !== sealing || mutated !== whole || tag.length !== 16 };
}

const run = promisify(execFile);
const JUDGES = {
  'C++': [join(ROOT, 'build/release/sdk/cpp/verdicts')],
  'Node.js': [process.execPath, join(ROOT, 'sdk/node/test/verdicts.mjs')],
  PHP: ['php', join(ROOT, 'sdk/php/test/verdicts.php')],
};
const directory = mkdtempSync(join(tmpdir(), 'coatcheck-differential-'));
const [setFile, tokensFile] = [join(directory, 'set.json'), join(directory, 'tokens')];
writeFileSync(setFile, JSON.stringify(set));
const counts = {};
let [tried, differing, accepted] = [0, 0, 0];
const started = performance.now();
try {
  for (let batch = 1; tried < total; batch += 1) {
    const candidates = Array.from({ length: Math.min(BATCH, total - tried) }, () =>
      random() < 0.25 ? sealed(candidate()) : candidate(),
    );
    writeFileSync(
      tokensFile,
      candidates.map(({ token }) => `${Buffer.from(token, 'latin1').toString('base64')}\n`).join(''),
    );
    const said = await Promise.all(
      Object.entries(JUDGES).map(async ([name, [command, ...words]]) => {
        const { stdout } = await run(command, [...words, setFile, tokensFile], {
          maxBuffer: 1 << 28,
          timeout: 300_000,
        });
        const verdicts = stdout.trimEnd().split('\n');
        if (verdicts.length !== candidates.length)
          throw new Error(`${name} gave ${verdicts.length} verdicts on ${candidates.length} tokens`);
        return verdicts;
      }),
    );
    candidates.forEach(({ token, isForged }, index) => {
      const verdicts = said.map((list) => list[index]);
      counts[verdicts[0]] = (counts[verdicts[0]] ?? 0) + 1;
      if (new Set(verdicts).size > 1 && (differing += 1) <= 20)
        console.log(`they differ: ${verdicts.join(', ')}: ${JSON.stringify(token)}`);
      if (isForged && verdicts.includes('ok') && (accepted += 1) <= 20)
        console.log(`forged and accepted: ${JSON.stringify(token)}`);
    });
    tried += candidates.length;
    if (batch % 8 === 0 || tried === total)
      console.log(`${tried} of ${total} tokens, ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
console.log(
  `${tried} mutated tokens (seed ${seed}) through ${Object.keys(JUDGES).join(', ')}: ${differing} differing verdicts, ${accepted} forged accepted; ${JSON.stringify(counts)}`,
);
process.exit(differing + accepted === 0 ? 0 : 1);
