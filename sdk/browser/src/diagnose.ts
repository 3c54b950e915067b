// SPDX-License-Identifier: Apache-2.0
// A development aid: what went wrong is told to the server, which knows its settings and says which one to change. Loaded
// only on pages of this very machine, and answered only by a server that runs with --dev.

/** `code`: what was seen. `network_error`, `refresh_token_missing` (a refresh cookie was lost), `token_missing` (an API did not get it). */
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
