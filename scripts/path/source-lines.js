import { globSync, readFileSync } from 'node:fs';
import { moduleOf } from './source-files.js';

/** The simulator has been a folder of src/, and a workspace of its own. */
const SOURCES = ['src/**/*.{ts,tsx}', 'simulator/**/*.{ts,tsx}'];
const IS_OTHER = /(^|\/)(node_modules|dist|test)\/|\.(spec|test)\.tsx?$/;

/** Files and lines (as `wc -l` counts them) of the sources of a checkout, without tests, by folder. */
export function sourceLines(checkout) {
  const folders = new Map();
  for (const file of globSync(SOURCES, { cwd: checkout }).filter((path) => !IS_OTHER.test(path))) {
    const folder = moduleOf(file.replace(/^src\//, '')) ?? '(src itself)';
    const { files, lines } = folders.get(folder) ?? { files: 0, lines: 0 };
    const text = readFileSync(`${checkout}/${file}`, 'utf8');
    folders.set(folder, { folder, files: files + 1, lines: lines + text.split('\n').length - 1 });
  }
  return [...folders.values()].toSorted((a, b) => (a.folder < b.folder ? -1 : 1));
}
