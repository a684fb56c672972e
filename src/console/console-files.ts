import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StaticAnswer } from '../http/static-answer.js';

/** What `vite build` writes; the same path from src/ and from dist/. */
const BUILT = fileURLToPath(new URL('../../console/dist/', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** The name contains a digest of the content. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** A file by the content codings that it is built in. */
export interface ConsoleFile {
  readonly plain: StaticAnswer;
  /** Brotli; undefined where the build made none. */
  readonly brotli: StaticAnswer | undefined;
}

/** The built console. Files are read once, when they are first requested; names that the build did not write are unknown. */
export class ConsoleFiles {
  readonly #names: ReadonlySet<string>;
  readonly #read = new Map<string, ConsoleFile>();
  #page: string | undefined;

  constructor(private readonly root: string = BUILT) {
    const assets = join(root, 'assets');
    this.#names = new Set(existsSync(assets) ? readdirSync(assets) : []);
  }

  /** The HTML page; undefined where the console is not built. */
  page(): string | undefined {
    const path = join(this.root, 'index.html');
    if (this.#page === undefined && existsSync(path)) this.#page = readFileSync(path, 'utf8');
    return this.#page;
  }

  asset(name: string): ConsoleFile | undefined {
    const type = TYPES[extname(name)];
    if (type === undefined || !this.#names.has(name)) return undefined;
    let file = this.#read.get(name);
    if (!file) {
      const contentOf = (each: string): StaticAnswer =>
        new StaticAnswer(readFileSync(join(this.root, 'assets', each)), type, FOR_EVER);
      const compressed = `${name}.br`;
      file = {
        plain: contentOf(name),
        brotli: this.#names.has(compressed) ? contentOf(compressed) : undefined,
      };
      this.#read.set(name, file);
    }
    return file;
  }
}
