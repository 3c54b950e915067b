// SPDX-License-Identifier: Apache-2.0
// Cookies that scripts can read, as a place to store a value. The core loads this file only for storage that
// needs it.
import type { Jar } from './keeping.js';
import type { Page } from './page.js';

/**
 * A browser drops a cookie of more than 4096 bytes without an error. The caller notices when it reads the
 * value back.
 */
export const cookiesOf = ({ document, location }: Page): Jar => ({
  getItem(key) {
    const found = document!.cookie.split('; ').find((pair) => pair.startsWith(`${key}=`));
    if (!found) return null;
    try {
      return decodeURIComponent(found.slice(key.length + 1));
    } catch {
      return '%'; // a value that is not ours
    }
  },
  setItem(key, text, until = 0) {
    const secure = location!.protocol === 'https:' ? '; Secure' : '';
    document!.cookie = `${key}=${encodeURIComponent(text)}; Path=/; Expires=${new Date(until).toUTCString()}; SameSite=Lax${secure}`;
  },
  removeItem(key) {
    this.setItem(key, '');
  },
});

export function scriptCookies(page: Page): Jar {
  console.warn(
    'Coatcheck: storage "scriptCookie" keeps both tokens where every script of this origin can read them',
  );
  return cookiesOf(page);
}
