// SPDX-License-Identifier: Apache-2.0
// From the classic script in the page, which has the global Coatcheck.
export const auth = Coatcheck.createClient({ url: 'http://localhost:8080', storage: 'localStorage' });
