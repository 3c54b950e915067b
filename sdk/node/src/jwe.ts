// SPDX-License-Identifier: Apache-2.0
// Decrypts tokens that the client cannot read: a JWE (RFC 7516) with `dir` and A256GCM around a signed JWT,
// by the server's rules (src/token/jwe.cpp). Encryption does not prove who wrote a token, so the verifier
// checks the inner JWT like any other.
import { createDecipheriv, createHash } from 'node:crypto';
import { parseObject } from './json.js';
import { decode, MAX_HEADER_BYTES, MAX_HEADER_MEMBERS, MAX_TOKEN_BYTES } from './token.js';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Gives the keys by their kid, the RFC 7638 thumbprint. Each line has the form of the server's
 * `tokens.encryption_key_file`: "base64:" and 32 bytes. Throws TypeError for any other line.
 */
export function importEncryptionKeys(lines: string[]): Map<string, Buffer> {
  return new Map(
    lines.map((line) => {
      const key = Buffer.from(line.replace(/^base64:/, ''), 'base64');
      if (!line.startsWith('base64:') || key.length !== KEY_BYTES)
        throw new TypeError('An encryption key is "base64:" and 32 bytes.');
      return [
        createHash('sha256')
          .update(`{"k":"${key.toString('base64url')}","kty":"oct"}`)
          .digest('base64url'),
        key,
      ];
    }),
  );
}

export const isEncrypted = (token: string): boolean =>
  typeof token === 'string' && token.split('.', 6).length === 5;

/** Gives the inner JWT, with one character for each byte. */
export function decrypt(
  token: string,
  keys: Map<string, Buffer>,
): { jwt: string } | 'token_malformed' | 'token_not_ours' {
  if (token.length > MAX_TOKEN_BYTES) return 'token_malformed';
  const [headerPart, keyPart, ...rest] = token.split('.') as [string, string, string, string, string];
  const [header, iv, value, tag] = [headerPart, ...rest].map(decode);
  if (!header || !iv || !value || !tag || (keyPart && !decode(keyPart)) || header.length > MAX_HEADER_BYTES)
    return 'token_malformed';
  const members = parseObject(header, MAX_HEADER_MEMBERS);
  if (!members || 'crit' in members) return 'token_malformed';
  // We accept no compression (RFC 8725 §3.6) and no other algorithm.
  const key = typeof members.kid === 'string' ? keys.get(members.kid) : undefined;
  if (members.alg !== 'dir' || members.enc !== 'A256GCM' || 'zip' in members || keyPart || !key)
    return 'token_not_ours';
  if (iv.length !== IV_BYTES || tag.length !== TAG_BYTES) return 'token_not_ours';
  try {
    const cipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(headerPart))
      .setAuthTag(tag);
    return { jwt: Buffer.concat([cipher.update(value), cipher.final()]).toString('latin1') };
  } catch {
    return 'token_not_ours';
  }
}
