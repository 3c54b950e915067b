// SPDX-License-Identifier: Apache-2.0
import { createClient } from 'http://localhost:8080/sdk/coatcheck.js';

// The session outlives the page in localStorage, where any script of this origin can read it
// (docs/choosing.md).
export const auth = createClient({ url: 'http://localhost:8080', storage: 'localStorage' });
