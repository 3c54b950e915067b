// SPDX-License-Identifier: Apache-2.0
// import { coatcheck } from '@coatcheck/client/superagent'; request.get('/posts').use(coatcheck(auth))
import type { Client } from './index.js';

/** A request of superagent 8 or later, in the browser. */
export interface SuperagentRequest {
  url: string;
  method: string;
  get(name: string): string | undefined;
  set(name: string, value: string): unknown;
  withCredentials(): unknown;
  end(callback?: (error: any, answer: any) => void): unknown;
  /**
   * Sends the same request again; superagent's own `.retry()` calls it. It forgets that the request was
   * aborted.
   */
  _retry(): unknown;
  _aborted?: boolean;
}

/** A plugin that adds the token to the request. After a 401 it refreshes once and tries once more. */
export function coatcheck(client: Client): (request: any) => void {
  return (request: SuperagentRequest) => {
    const { end } = request;
    request.end = (callback = () => {}) => {
      if (!client.reaches(request.url) || request.get('Authorization')) return end.call(request, callback);
      let sent: Record<string, string> = {};
      let again = false;
      const prepare = async () => {
        sent = await client.headersFor(request.url, request.method);
        for (const name in sent) request.set(name, sent[name]!);
        if (client.withCredentials) request.withCredentials();
      };
      const finish = (error: any, answer: any) => {
        // A lenient `.ok()` makes an answer of a 401.
        if ((error ?? answer)?.status !== 401 || again) return callback(error, answer);
        again = true;
        client
          .refused(sent)
          .then(async (newer) => newer && (await prepare(), true))
          // If the request was aborted meanwhile, superagent has already reported that.
          .then(
            (newer) => request._aborted || (newer ? request._retry() : callback(error, answer)),
            () => callback(error, answer),
          );
      };
      prepare().then(
        () => request._aborted || end.call(request, finish),
        (error) => request._aborted || callback(error, undefined),
      );
      return request;
    };
  };
}
