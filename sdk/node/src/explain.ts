// SPDX-License-Identifier: Apache-2.0
// Why a token is "not ours", in words for the developer: which check it failed, and what was expected.
import { algorithmNamed, type Keys } from './keys.js';
import { parseCompact } from './token.js';

const shown = (value: unknown): string =>
  value === undefined
    ? 'missing'
    : `"${[value]
        .flat()
        .map(String)
        .join(', ')
        .replace(/[^ -~]/g, '?')
        .slice(0, 100)}"`;

/** Gives the name of the check and a sentence. Nothing in the token is verified here. */
export async function explainNotOurs(
  token: string,
  keys: Keys,
  issuer: string,
  audience: string,
): Promise<{ check: string; sentence: string }> {
  const parts = parseCompact(token);
  if (!parts) return { check: 'encryption', sentence: 'no key of encryptionKeys decrypts it' };
  const { iss, aud } = parts.claims;
  const from = `it says that its issuer is ${shown(iss)}, and the one expected is ${shown(issuer)}`;
  const key = await keys.find(parts.kid);
  if (!key)
    return { check: 'key', sentence: `no key of the server has its kid ${shown(parts.kid)}; ${from}` };
  if (algorithmNamed(parts.alg) !== key.alg)
    return { check: 'algorithm', sentence: `its alg is ${shown(parts.alg)}, and its key is for ${key.alg}` };
  if (parts.typ !== 'at+jwt')
    return { check: 'type', sentence: `its typ is ${shown(parts.typ)}, and that of access tokens is at+jwt` };
  if (iss !== issuer) return { check: 'issuer', sentence: from };
  if (!([aud].flat() as unknown[]).includes(audience))
    return {
      check: 'audience',
      sentence: `its aud is ${shown(aud)}, and the one expected is ${shown(audience)}`,
    };
  return { check: 'signature', sentence: `its signature is not by the key ${shown(parts.kid)}` };
}

/** Compares the issuer with the one that the server's metadata names (RFC 8414). undefined: nothing is wrong. */
export async function issuerProblem(url: string, issuer: string): Promise<Error | undefined> {
  const answer = await fetch(`${url}/.well-known/oauth-authorization-server`, {
    signal: AbortSignal.timeout(5_000),
    redirect: 'error',
  }).catch(() => undefined);
  const said = (await answer?.json().catch(() => undefined)) as { issuer?: unknown } | undefined;
  if (!answer?.ok || typeof said?.issuer !== 'string' || said.issuer === issuer) return undefined;
  const difference = `have the issuer "${said.issuer}", and this verifier expects "${issuer}"`;
  return new Error(`the tokens of ${url} ${difference}: set issuer to the server's public_url`);
}
