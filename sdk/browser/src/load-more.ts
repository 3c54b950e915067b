// SPDX-License-Identifier: Apache-2.0
// Loads the parts that few pages need. tools/bundle.mjs replaces this file in the classic script.
export const loadMore = () => import('./more.js');
