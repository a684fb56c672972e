import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The part of V8's CPU profile that is read. Lines and columns count from 0. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  /** Microseconds from the sample before. */
  readonly timeDeltas: readonly number[];
}

/** Who ran, and the share of the busy time that it took itself. */
export interface SelfTime {
  readonly name: string;
  readonly share: number;
}

export interface SelfTimes {
  readonly functions: readonly SelfTime[];
  readonly packages: readonly SelfTime[];
}

/** No work: the event loop waits. */
const IDLE = new Set(['(idle)', '(root)']);
/** V8's names for what is no function of JavaScript. */
const NATIVE: Readonly<Record<string, string>> = {
  '(program)': 'native code outside of JavaScript',
  '(garbage collector)': 'garbage collection',
};

/**
 * Largest first, of the last `micros` of busy time: what comes before is warming up, and the idle shutdown does not
 * count.
 */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile, micros: number): SelfTimes {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const functions = new Map<string, number>();
  const packages = new Map<string, number>();
  const sources = new Sources();
  let busy = 0;
  for (let index = samples.length - 1; index >= 0 && busy < micros; index -= 1) {
    const frame = frames.get(samples[index]!)!;
    const { functionName } = frame;
    if (IDLE.has(functionName)) continue;
    const time = timeDeltas[index] ?? 0;
    busy += time;
    const name = NATIVE[functionName] ?? (functionName || '(anonymous)');
    const { url, lineNumber } = sources.of(frame);
    const place = placeOf(url);
    add(functions, url === '' ? name : `${name} ${place.file}:${lineNumber + 1}`, time);
    add(packages, place.package || (functionName in NATIVE ? name : 'V8 and Node, native'), time);
  }
  return { functions: ranked(functions, busy), packages: ranked(packages, busy) };
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time);
}

function ranked(times: ReadonlyMap<string, number>, busy: number): SelfTime[] {
  return [...times]
    .map(([name, time]) => ({ name, share: time / busy }))
    .toSorted((a, b) => b.share - a.share);
}

/** By package, and Tollgate's own by module. */
function placeOf(url: string): { readonly file: string; readonly package: string } {
  const inPackage = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)$/.exec(url);
  if (inPackage) return { file: `${inPackage[1]}/${inPackage[2]}`, package: inPackage[1]! };
  const own = /\/(?:dist|src)\/(([^/]+)\/.*)$/.exec(url);
  if (own) return { file: own[1]!, package: `tollgate ${own[2]}` };
  return { file: url, package: url.startsWith('node:') ? url.replace(/\/.*$/, '') : url };
}

type CallFrame = CpuProfile['nodes'][number]['callFrame'];

/** Where a function stands in its source, where its script has a source map: the built gateway is a bundle. */
class Sources {
  readonly #maps = new Map<string, SourceMap | undefined>();

  of(frame: CallFrame): Pick<CallFrame, 'url' | 'lineNumber'> {
    const { url, lineNumber, columnNumber } = frame;
    if (!url.startsWith('file:')) return frame;
    if (!this.#maps.has(url)) this.#maps.set(url, readMap(`${fileURLToPath(url)}.map`));
    const entry = this.#maps.get(url)?.findEntry(lineNumber, columnNumber);
    if (!entry || !('originalSource' in entry)) return frame;
    return { url: new URL(entry.originalSource, url).href, lineNumber: entry.originalLine };
  }
}

function readMap(path: string): SourceMap | undefined {
  if (!existsSync(path)) return undefined;
  return new SourceMap(JSON.parse(readFileSync(path, 'utf8')) as ConstructorParameters<typeof SourceMap>[0]);
}
