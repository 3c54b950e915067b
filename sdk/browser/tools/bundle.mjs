// SPDX-License-Identifier: Apache-2.0
// Builds the files that the server serves at /sdk from src/: the module, the classic script with the global
// `Coatcheck`, and the types. They are kept in git (docs/adr/0008), so that building the server needs no
// Node.js. `--check` fails if the files in git differ from what src/ gives.
import { build } from 'esbuild';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { minify } from 'terser';

const root = new URL('../', import.meta.url);
const { version } = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
const banner = `/* Coatcheck ${version}, Apache-2.0 */`;
// Properties that only the SDK itself reads, and the short names that they get. They stay: a core that a
// browser has cached loads the current coatcheck.more.js, so both have to mean the same by a name. esbuild
// keeps the names of exports. Which letter is chosen makes one per cent of the size.
const mangleCache = {
  authFetch: 'L',
  core: 'A',
  prepare: 'w',
  read: 'u',
  byCookie: 'o',
  byScript: 't',
  callServer: 'h',
  channel: 'd',
  claimsOf: 'x',
  cookies: 'm',
  epoch: 'r',
  finding: 'i',
  held: 'n',
  keep: 'v',
  kept: 'b',
  listeners: 'c',
  origins: 'p',
  page: 'e',
  pageFetch: 's',
  parseKept: 'E',
  place: 'l',
  placeOf: 'f',
  refreshing: 'O',
  shown: 'a',
};
const mangleProps = new RegExp(`^(${Object.keys(mangleCache).join('|')})$`);
const common = {
  mangleProps,
  bundle: true,
  minifySyntax: true,
  target: 'es2022',
  write: false,
  absWorkingDir: root.pathname,
};

// esbuild joins the files and terser minifies them. Together they are 3 % smaller than with esbuild alone.
const small = async (text, module) =>
  `${banner}\n${(await minify(text, { module, ecma: 2020, compress: { passes: 3, lhs_constants: false } })).code}\n`;
const bundled = async (options) => {
  const { outputFiles } = await build({ ...common, ...options });
  return Promise.all(
    outputFiles.map(async ({ path, text }) => [basename(path), await small(text, options.format === 'esm')]),
  );
};
// A classic script cannot import, so it holds everything.
const rare = Object.keys(await import('../dist/more.js'));
const allInOne = () => ({
  contents: `import { ${rare} } from './more.js'; const more = { ${rare} }; export const loadMore = async () => more;`,
  resolveDir: new URL('src', root).pathname,
});
const files = Object.fromEntries([
  // The module loads coatcheck.more.js from its own folder when it needs it.
  ...(await bundled({
    entryPoints: { coatcheck: 'src/index.ts' },
    format: 'esm',
    splitting: true,
    outdir: 'served',
    chunkNames: 'coatcheck.[name]',
  })),
  ...(await bundled({
    entryPoints: { 'coatcheck.global': 'src/index.ts' },
    format: 'iife',
    globalName: 'Coatcheck',
    outdir: 'served',
    plugins: [{ name: 'all in one', setup: ({ onLoad }) => onLoad({ filter: /load-more\.ts$/ }, allInOne) }],
  })),
  ['coatcheck.d.ts', await types()],
]);

/**
 * Joins the declarations of the core into one file, so that a page without a build step can point its editor
 * at them.
 */
async function types() {
  const parts = await Promise.all(
    ['wire', 'errors', 'types', 'client'].map((name) => readFile(new URL(`dist/${name}.d.ts`, root), 'utf8')),
  );
  const inner =
    /(\/\*\*(?:(?!\*\/)[^])*\*\/\n)?export (interface (Answer|Problem) \{[^]*?\n\}|declare function clientIn\([^]*?;)\n/g;
  const lines = parts.join('\n').replace(inner, '').split('\n');
  return `${banner}\n${lines
    .filter((line) => !/^(import |export \{\}|\/\/)/.test(line))
    .join('\n')
    .trimEnd()}\n`;
}

const stale = [];
await mkdir(new URL('served/', root), { recursive: true });
for (const [name, text] of Object.entries(files)) {
  const path = new URL(`served/${name}`, root);
  if (text === (await readFile(path, 'utf8').catch(() => ''))) continue;
  if (process.argv.includes('--check')) stale.push(name);
  else await writeFile(path, text);
}
if (stale.length) {
  console.error(`sdk/browser/served is not what src/ makes: ${stale.join(', ')}. Run: npm run build`);
  process.exit(1);
}
