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
  use(onFulfilled: ((value: any) => any) | null, onRejected?: (error: any) => any): number;
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
  const onAnswer = response.use(null, async (error: { response?: { status: number }; config?: Config }) => {
    const { config } = error;
    if (
      error.response?.status !== 401 ||
      !config?.coatcheck ||
      !(await client.refused(config.coatcheck, signalOf(config)))
    )
      throw error;
    await prepare(config);
    return plain({ ...config, transformRequest: guard }); // the other transforms ran before the first attempt
  });
  return () => {
    request.eject(onRequest);
    response.eject(onAnswer);
  };
}
