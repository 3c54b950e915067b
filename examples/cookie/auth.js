// SPDX-License-Identifier: Apache-2.0
import { createClient } from 'http://localhost:8080/sdk/coatcheck.js';

// Both tokens are in HttpOnly cookies: no script can read them, and the browser sends them by itself.
export const auth = createClient({ url: 'http://localhost:8080', storage: 'cookie' });
