// SPDX-License-Identifier: Apache-2.0
// import { attachJquery } from '@coatcheck/client/jquery'; attachJquery(auth, jQuery)
import type { Client } from './index.js';

export interface JqueryLike {
  ajaxPrefilter(filter: (options: any) => void): void;
}

/**
 * Adds the token to every `$.ajax` of this jQuery and of its plugins. Other XMLHttpRequests are left alone.
 */
export function attachJquery(client: Client, $: JqueryLike): void {
  $.ajaxPrefilter((options: { xhr: () => XMLHttpRequest }) => {
    const { xhr } = options;
    options.xhr = () => {
      const request = xhr();
      client.attach({ xhr: request });
      return request;
    };
  });
}
