// SPDX-License-Identifier: Apache-2.0
// A development aid: it reports a failure to the server, which knows its own settings and says which one to
// change. The core loads this file only on pages of this very machine, and only a server that runs with --dev
// answers.
import type { CoatcheckError } from './errors.js';
import type { State } from './session.js';

/**
 * `failure` is what a refresh ended with, or an API's 401. `sent` is true if the client had a session, or
 * sent a token. Reports `network_error`, `refresh_token_missing` (the refresh cookie got lost) or
 * `token_missing` (the token did not reach an API), and nothing for a failure that no setting causes.
 */
export async function diagnose(
  { page, pageFetch, url, storage }: State,
  failure: CoatcheckError | Response,
  sent: unknown,
): Promise<void> {
  const code = codeOf(failure);
  if (!code || (!sent && code !== 'network_error')) return;
  const seen = new URLSearchParams({ code, storage, now: `${Math.round(page.Date.now() / 1000)}` });
  try {
    const { advice } = (await (
      await pageFetch(`${url}/dev/diagnosis?${seen}`, { credentials: 'omit' })
    ).json()) as { advice: string[] };
    for (const sentence of advice) console.error(`Coatcheck: ${sentence}`);
  } catch {
    console.error(`Coatcheck: ${url} gives no diagnosis (${code}). Is it the server, with --dev?`);
  }
}

function codeOf(failure: CoatcheckError | Response): string {
  if ('headers' in failure)
    return `${failure.headers.get('WWW-Authenticate')}`.includes('"token_missing"') ? 'token_missing' : '';
  const { code } = failure;
  if (code === 'refresh_token_missing') return code;
  return /^(session_|refresh_)/.test(code) ? '' : 'network_error';
}
