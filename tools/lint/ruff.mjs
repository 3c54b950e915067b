// SPDX-License-Identifier: Apache-2.0
// Runs ruff's formatter and linter (as WebAssembly, since Debian 12 has no package of it) over Python files:
//
//   node tools/lint/ruff.mjs [--write] FILE...
//
// Without --write it changes nothing and exits with 1 if a file would be formatted differently or has a finding.
import { readFileSync, writeFileSync } from 'node:fs';
import { PositionEncoding, Workspace } from '@astral-sh/ruff-wasm-nodejs';

const workspace = new Workspace(
  {
    'line-length': 110,
    'target-version': 'py311',
    lint: {
      select: ['E', 'F', 'W', 'B', 'I', 'UP', 'C4', 'RET', 'PIE'],
      ignore: ['E501', 'B023', 'B905'], // long strings; closures that end within their loop; zip() of equal lists
    },
  },
  PositionEncoding.Utf32,
);

/** `text` with one finding's edits applied. The linter names rows and columns from 1, in code points. */
function repaired(text, edits) {
  const starts = [0];
  const points = Array.from(text);
  points.forEach((point, index) => {
    if (point === '\n') starts.push(index + 1);
  });
  const offset = ({ row, column }) => starts[row - 1] + column - 1;
  for (const edit of [...edits].sort((one, other) => offset(other.location) - offset(one.location))) {
    const [from, to] = [offset(edit.location), offset(edit.end_location)];
    points.splice(from, to - from, ...Array.from(edit.content ?? ''));
  }
  return points.join('');
}

/** `text` with every repair that the linter knows, formatted. */
function mended(text) {
  let current = text;
  for (let round = 0; round < 100; round += 1) {
    const finding = workspace.check(current).find(({ fix }) => fix);
    if (!finding) break;
    current = repaired(current, finding.fix.edits);
  }
  return workspace.format(current);
}

const write = process.argv.includes('--write');
const files = process.argv.slice(2).filter((word) => word !== '--write');
let problems = 0;
for (const file of files) {
  const text = readFileSync(file, 'utf8');
  const formatted = write ? mended(text) : workspace.format(text);
  if (formatted !== text) {
    if (write) writeFileSync(file, formatted);
    else console.log(`${file}: not formatted; script/format does it`);
    if (!write) problems += 1;
  }
  for (const finding of workspace.check(write ? formatted : text)) {
    console.log(`${file}:${finding.start_location.row}: ${finding.code} ${finding.message}`);
    problems += 1;
  }
}
process.exit(problems > 0 ? 1 : 0);
