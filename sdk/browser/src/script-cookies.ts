// SPDX-License-Identifier: Apache-2.0
// Cookies that scripts can read, as a place to keep something in. The core loads this where they are asked for.
import type { Jar } from './keeping.js';

/** A browser drops a cookie of more than 4096 bytes; what is read back tells. */
export const cookies: Jar = {
  getItem(key) {
    const found = document.cookie.split('; ').find((pair) => pair.startsWith(`${key}=`));
    if (!found) return null;
    try {
      return decodeURIComponent(found.slice(key.length + 1));
    } catch {
      return '%'; // there is something, and it is not ours
    }
  },
  setItem(key, text, until = 0) {
    const secure = location.protocol === 'https:' ? '; Secure' : '';
    document.cookie = `${key}=${encodeURIComponent(text)}; Path=/; Expires=${new Date(until).toUTCString()}; SameSite=Lax${secure}`;
  },
  removeItem(key) {
    this.setItem(key, '');
  },
};

export function scriptCookies(): Jar {
  console.warn(
    'Coatcheck: storage "scriptCookie" keeps both tokens where every script of this page, and of its origin, can read them',
  );
  return cookies;
}
