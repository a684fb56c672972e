import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Which source files the scripts of a build come from, by their source maps; without a map a script is its own
 * source.
 */
export class SourceFiles {
  #dist;
  #scripts = new Map();

  constructor(dist) {
    this.#dist = dist;
  }

  /** The source files of which `coverage`, as the inspector reports it, counts a call. */
  calledIn(coverage) {
    const files = new Set();
    for (const { url, functions } of coverage.filter(({ url }) => this.#isOwn(url))) {
      for (const { functionName, ranges } of functions) {
        const [{ startOffset, count }] = ranges;
        const isScript = functionName === '' && startOffset === 0;
        const file = count > 0 && !isScript && this.#fileOf(url, startOffset);
        if (file) files.add(file);
      }
    }
    return files;
  }

  #isOwn(url) {
    if (!url.startsWith('file:')) return false;
    const path = fileURLToPath(url);
    return path.startsWith(this.#dist + sep) && !path.includes(`${sep}node_modules${sep}`);
  }

  /** Relative to the folder of all sources; undefined for what the compiler added, and for packages of a bundle. */
  #fileOf(url, offset) {
    if (!this.#scripts.has(url)) this.#scripts.set(url, readScript(fileURLToPath(url)));
    const { path, lineStarts, map } = this.#scripts.get(url);
    if (!map) return relative(this.#dist, path);
    const line = lineOf(offset, lineStarts);
    const { originalSource } = map.findEntry(line, offset - lineStarts[line]);
    if (!originalSource || originalSource.includes('node_modules/')) return undefined;
    const source = resolve(dirname(path), originalSource);
    return relative(resolve(this.#dist, '..'), source).replace(/^src\//, '');
  }
}

/** The first folder of a source file; undefined for a file that is in none. */
export function moduleOf(file) {
  return file.includes('/') ? file.split('/', 1)[0] : undefined;
}

/** The index of the last start that is not after `offset`. A bundle has 150,000 lines. */
function lineOf(offset, lineStarts) {
  let [from, to] = [0, lineStarts.length];
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (lineStarts[middle] <= offset) from = middle;
    else to = middle;
  }
  return from;
}

function readScript(path) {
  const text = readFileSync(path, 'utf8');
  const lineStarts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  return { path, lineStarts, map: readMap(path) };
}

function readMap(path) {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
