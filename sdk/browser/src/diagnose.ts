// SPDX-License-Identifier: Apache-2.0
// A development aid: it reports a failure to the server, which knows its own settings and says which one to
// change. The core loads this file only on pages of this very machine, and only a server that runs with --dev
// answers.

/**
 * `code` is the failure: `network_error`, `refresh_token_missing` (the refresh cookie got lost) or
 * `token_missing` (the token did not reach an API).
 */
export async function diagnose(
  send: typeof fetch,
  url: string,
  code: string,
  storage: string,
): Promise<void> {
  const seen = new URLSearchParams({ code, storage, now: `${Math.round(Date.now() / 1000)}` });
  try {
    const { advice } = (await (
      await send(`${url}/dev/diagnosis?${seen}`, { credentials: 'omit' })
    ).json()) as { advice: string[] };
    for (const sentence of advice) console.error(`Coatcheck: ${sentence}`);
  } catch {
    console.error(
      `Coatcheck: ${url} gives no diagnosis (${code}). Is that the address of the server, and does it run with --dev?`,
    );
  }
}
