// SPDX-License-Identifier: Apache-2.0
// Helpers for the browser tests: a real Coatcheck, the examples' API, and Chromium.
import { chromium } from 'playwright-core';

export * from '../support/servers.js';

export const launchBrowser = (options = {}) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    ...options,
  });
