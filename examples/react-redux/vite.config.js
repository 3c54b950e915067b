// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  build: { modulePreload: false },
  // Here @coatcheck/client is a link to sdk/browser, which has its own React for its types. Installed from a
  // registry, the package does not need this line.
  resolve: { dedupe: ['react', '@reduxjs/toolkit'] },
});
