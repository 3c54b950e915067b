// SPDX-License-Identifier: Apache-2.0
import { createClient } from 'http://localhost:8080/sdk/coatcheck.js';

// The default storage. app.js decides how requests are sent.
export const auth = createClient({ url: 'http://localhost:8080' });
