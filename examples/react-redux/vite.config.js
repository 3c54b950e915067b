// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  build: { modulePreload: false },
  // @coatcheck/client is a link to sdk/browser here, which has a React of its own for its types. Installed from a registry
  // it needs no such line.
  resolve: { dedupe: ['react', '@reduxjs/toolkit'] },
});
