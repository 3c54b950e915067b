// SPDX-License-Identifier: Apache-2.0
// The classic script in the page defines the global Coatcheck.
export const auth = Coatcheck.createClient({ url: 'http://localhost:8080', storage: 'localStorage' });
