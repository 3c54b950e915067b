// SPDX-License-Identifier: Apache-2.0
import { createClient } from 'http://localhost:8080/sdk/coatcheck.js';

// The default: the access token in this page's memory, the refresh token in an HttpOnly cookie.
export const auth = createClient({ url: 'http://localhost:8080' });
