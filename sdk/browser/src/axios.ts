// SPDX-License-Identifier: Apache-2.0
// import { attachAxios } from '@coatcheck/client/axios'; attachAxios(auth, axios)
import type { Client } from './index.js';

interface Config {
  url?: string | undefined;
  baseURL?: string | undefined;
  method?: string | undefined;
  headers: { set(name: string, value: string): unknown; has(name: string): boolean };
  withCredentials?: boolean | undefined;
  signal?: unknown;
  transformRequest?: any;
  /** Ours: what was added to this request, and whether it is the second attempt. */
  coatcheck?: { sent: Record<string, string>; again?: boolean };
}

interface Interceptors {
  use(onFulfilled: ((value: any) => any) | null, onRejected?: (error: any) => any): number;
  eject(id: number): void;
}

/** An instance of axios 1, or `axios` itself. */
export interface AxiosLike {
  (config: any): Promise<any>;
  getUri(config: any): string;
  interceptors: { request: Interceptors; response: Interceptors };
}

/** The token on every request to a listed origin; after a 401 one refresh and one more attempt. Gives what undoes it. */
export function attachAxios(client: Client, axios: AxiosLike): () => void {
  const { request, response } = axios.interceptors;
  const onRequest = request.use(async (config: Config) => {
    const address = axios.getUri(config);
    if (!client.reaches(address) || (!config.coatcheck && config.headers.has('Authorization'))) return config;
    const signal = config.signal instanceof AbortSignal ? { signal: config.signal } : {};
    const sent = await client.headersFor(address, config.method, signal);
    for (const name in sent) config.headers.set(name, sent[name]!);
    if (client.withCredentials) config.withCredentials = true;
    config.coatcheck = { ...config.coatcheck, sent };
    // Interceptors that were there before run after this one, and may change the address: the token goes to no other.
    config.transformRequest = [config.transformRequest ?? []].flat().concat(function (this: Config, data: unknown, headers: { delete(name: string): unknown }) {
      if (!client.reaches(axios.getUri(this))) headers.delete('Authorization');
      return data;
    });
    return config;
  });
  const onAnswer = response.use(null, async (error: { response?: { status: number }; config?: Config }) => {
    const made = error.config?.coatcheck;
    if (error.response?.status !== 401 || !made || made.again || !(await client.refused(made.sent))) throw error;
    return axios({ ...error.config, coatcheck: { ...made, again: true } });
  });
  return () => {
    request.eject(onRequest);
    response.eject(onAnswer);
  };
}
