// SPDX-License-Identifier: Apache-2.0
// The README's snippets for the browser work, and the package installs into a fresh application.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launchBrowser, PASSWORD, ROOT, startExample, WAIT } from './support.js';

const SDK = join(ROOT, 'sdk/browser');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const { build } = createRequire(join(SDK, 'package.json'))('esbuild');

let browser;
const directory = mkdtempSync(join(tmpdir(), 'coatcheck-snippets-'));
before(async () => {
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  rmSync(directory, { recursive: true, force: true });
});

function snippet(name) {
  const found = new RegExp(`\`\`\`\\w+ ${name}\n(.*?)\`\`\``, 's').exec(README);
  assert.ok(found, `the README has no snippet ${name}`);
  return found[1];
}

/**
 * Writes the files into a folder, serves it as an example, and calls `work` with a page that has loaded it.
 */
async function served(name, files, work) {
  const folder = join(directory, name);
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  const example = await startExample(folder);
  const context = await browser.newContext();
  context.setDefaultTimeout(WAIT);
  try {
    const page = await context.newPage();
    const broken = [];
    page.on('pageerror', (error) => broken.push(String(error)));
    await page.goto(example.origin);
    await work(page, example);
    assert.deepEqual(broken, []);
  } finally {
    await context.close();
    await example.stop();
  }
}

async function loadsPosts(page) {
  const said = await page.evaluate(async (password) => {
    await auth.ready();
    await auth.signIn({ username: 'ada', password });
    return loadPosts();
  }, PASSWORD);
  assert.equal(said.reader, 'ada');
}

/**
 * @coatcheck/client is a link here, and its folder has its own React for its types, so the bundle must be
 * told which to use.
 */
const ONE_REACT = { react: join(ROOT, 'examples/node_modules/react') };

/** Bundles a snippet, and makes its `auth` and `loadPosts` visible to the test. */
const bundled = async (text) =>
  (
    await build({
      stdin: {
        contents: `${text}\nObject.assign(window, { auth, loadPosts });`,
        resolveDir: join(ROOT, 'examples'),
        loader: 'jsx',
      },
      bundle: true,
      format: 'esm',
      write: false,
      jsx: 'automatic',
      alias: ONE_REACT,
      define: { 'process.env.NODE_ENV': '"production"' },
    })
  ).outputFiles[0].text;

const pageOf = (body) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>snippet</title><link rel="icon" href="data:,">${body}</html>`;

describe("the README's snippets", () => {
  test('vanilla', () => served('vanilla', { 'index.html': pageOf(snippet('vanilla')) }, loadsPosts));

  test('jQuery', () => {
    const local = snippet('jquery').replace(
      /https:\/\/code\.jquery\.com\/[^"]+/,
      '/lib/jquery/dist/jquery.min.js',
    );
    assert.notEqual(local, snippet('jquery'));
    return served('jquery', { 'index.html': pageOf(local) }, loadsPosts);
  });

  test('axios', async () =>
    served(
      'axios',
      {
        'index.html': pageOf('<script type="module" src="/bundle.js"></script>'),
        'bundle.js': await bundled(snippet('axios')),
      },
      loadsPosts,
    ));

  test('React and Redux', async () => {
    const shown = `import { createRoot } from 'react-dom/client';\n${snippet('react-redux')}\ncreateRoot(document.getElementById('page')).render(<App />);\nwindow.store = store;`;
    await served(
      'react-redux',
      {
        'index.html': pageOf('<div id="page"></div><script type="module" src="/bundle.js"></script>'),
        'bundle.js': await bundled(shown),
      },
      async (page) => {
        await page.getByRole('link', { name: 'Sign in' }).waitFor();
        await loadsPosts(page);
        await page.getByText('Hello, ada').waitFor();
        await page.waitForFunction(() => store.getState().session.token?.startsWith('eyJ'));
        await page.reload();
        await page.getByText('Hello, ada').waitFor();
      },
    );
  });
});

describe('the package', () => {
  test('installs from its tarball into a fresh Vite and React application', async () => {
    const folder = join(directory, 'fresh');
    mkdirSync(join(folder, 'src'), { recursive: true });
    const npm = (...words) =>
      execFileSync('npm', words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
    execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: SDK });
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(ROOT, 'examples/package.json'), 'utf8'),
    );
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({
        name: 'fresh',
        private: true,
        type: 'module',
        dependencies: {
          '@coatcheck/client': `file:${tarball}`,
          react: dependencies.react,
          'react-dom': dependencies['react-dom'],
        },
        devDependencies: { vite: devDependencies.vite },
      }),
    );
    writeFileSync(
      join(folder, 'src/main.jsx'),
      `
      import { createClient } from '@coatcheck/client';
      import { CoatcheckProvider, useSession } from '@coatcheck/client/react';
      import { createRoot } from 'react-dom/client';
      const auth = window.auth = createClient({ url: 'http://localhost:8080' });
      window.loadPosts = async () => (await auth.fetch('/api/posts')).json();
      const Status = () => <p>status: {useSession().status}</p>;
      createRoot(document.getElementById('page')).render(<CoatcheckProvider client={auth}><Status /></CoatcheckProvider>);`,
    );
    writeFileSync(
      join(folder, 'index.html'),
      pageOf('<div id="page"></div><script type="module" src="/src/main.jsx"></script>'),
    );
    npm('install', '--silent', '--no-audit', '--no-fund');
    npm('exec', '--', 'vite', 'build', '--logLevel', 'error');
    await served('fresh', {}, async (page) => {
      await page.getByText('status: signed-out').waitFor();
      await loadsPosts(page);
      await page.getByText('status: signed-in').waitFor();
    });
  });
});
