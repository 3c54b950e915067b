// SPDX-License-Identifier: Apache-2.0
// import { attachAxios } from '@coatcheck/client/axios'; attachAxios(auth, axios)
import type { Client } from './index.js';

interface Headers {
  set(name: string, value: string): unknown;
  has(name: string): boolean;
  delete(name: string): unknown;
}

interface Config {
  method?: string | undefined;
  headers: Headers;
  withCredentials?: boolean | undefined;
  signal?: unknown;
  transformRequest?: any;
  /** Set by us: the headers that headersFor() gave for this request. */
  coatcheck?: Record<string, string>;
}

interface Interceptors {
  use(onFulfilled: (value: any) => any, onRejected?: (error: any) => any): number;
  eject(id: number): void;
}

/** An instance of axios 1, or `axios` itself. */
export interface AxiosLike {
  create(config?: any): (config: any) => Promise<any>;
  getUri(config: any): string;
  interceptors: { request: Interceptors; response: Interceptors };
}

/**
 * Adds the token to every request to a listed origin. After a 401 it refreshes once and tries once more.
 * Returns a function that undoes it.
 */
export function attachAxios(client: Client, axios: AxiosLike): () => void {
  const { request, response } = axios.interceptors;
  /**
   * An instance without interceptors. Those of `axios` have already seen the request and must see only one
   * answer.
   */
  const plain = axios.create();

  /**
   * Runs last, because interceptors after ours may change the address, and the token must not go to another
   * origin.
   */
  function guard<T>(this: Config, data: T, headers: Headers): T {
    if (!client.reaches(axios.getUri(this))) headers.delete('Authorization');
    return data;
  }

  async function prepare(config: Config): Promise<void> {
    config.coatcheck = await client.headersFor(axios.getUri(config), config.method, signalOf(config));
    for (const name in config.coatcheck) config.headers.set(name, config.coatcheck[name]!);
    if (client.withCredentials) config.withCredentials = true;
  }
  const signalOf = ({ signal }: Config) => (signal instanceof AbortSignal ? { signal } : {});

  const onRequest = request.use(async (config: Config) => {
    if (!client.reaches(axios.getUri(config)) || config.headers.has('Authorization')) return config;
    await prepare(config);
    config.transformRequest = [config.transformRequest ?? []].flat().concat(guard);
    return config;
  });
  /** Sends the request once more after a 401, if there is something newer to send; otherwise undefined. */
  async function again(status?: number, config?: Config): Promise<unknown> {
    if (status !== 401 || !config?.coatcheck) return undefined;
    if (!(await client.refused(config.coatcheck, signalOf(config)))) return undefined;
    await prepare(config);
    return plain({ ...config, transformRequest: guard }); // the other transforms ran before the first attempt
  }

  const onAnswer = response.use(
    // A lenient `validateStatus` makes an answer of a 401.
    async (answer: { status: number; config: Config }) =>
      (await again(answer.status, answer.config)) ?? answer,
    async (error: { response?: { status: number }; config?: Config }) => {
      const answer = await again(error.response?.status, error.config);
      if (!answer) throw error;
      return answer;
    },
  );
  return () => {
    request.eject(onRequest);
    response.eject(onAnswer);
  };
}
