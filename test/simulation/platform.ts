import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import perfHooks from 'node:perf_hooks';
import timersPromises from 'node:timers/promises';
import { SeededRandom } from '../support/seeded-random.js';

/**
 * Time, timers, randomness and configuration files of the whole process, replaced by ones that a seed decides. Import it
 * before the program: CommonJS libraries keep the functions that they find when they are loaded.
 */

/** One process of the simulated world. What it has scheduled dies with it. */
export class Life {
  dead = false;
  /** The process is stopped until then (SIGSTOP, a machine that is migrated): what it has scheduled waits. */
  stoppedUntil = 0;
  constructor(readonly name: string) {}
}

const lives = new AsyncLocalStorage<Life>();
const WORLD = new Life('world');
/** Virtual time begins here; it never returns to the machine's. */
const EPOCH_MS = Date.UTC(2026, 0, 15, 12);
const FOLDER = '/simulated/';

interface Event {
  at: number;
  readonly order: number;
  readonly life: Life;
  readonly run: () => void;
  cancelled: boolean;
}

let now = 0;
let order = 0;
/** Of keys and identifiers. */
let random = new SeededRandom(0);
/** Of `Math.random`. */
let fractions: Pick<SeededRandom, 'next'> = new SeededRandom(0);
let heap: Event[] = [];
const files = new Map<string, string>();

const turn = setImmediate;
const machineRandom = Math.random.bind(Math);

/** Begins a history: the same seed gives the same one. */
export function begin(seed: number): void {
  heap = [];
  order = 0;
  now = 0;
  random = new SeededRandom(seed);
  fractions = new SeededRandom(seed + 1);
  files.clear();
}

/** Milliseconds since {@link begin}. */
export function virtualNow(): number {
  return now;
}

export function epochNow(): number {
  return EPOCH_MS + now;
}

export function currentLife(): Life {
  return lives.getStore() ?? WORLD;
}

export function within<T>(life: Life, work: () => T): T {
  return lives.run(life, work);
}

/** Outside of every replica: what outlives a crash. */
export function inWorld<T>(work: () => T): T {
  return lives.run(WORLD, work);
}

export function writeFile(name: string, content: string): string {
  files.set(FOLDER + name, content);
  return FOLDER + name;
}

/** Runs events until `done`; throws when nothing is left to happen. `limitMs`: of virtual time. */
export async function runUntil(done: () => boolean, limitMs = Infinity): Promise<void> {
  const end = now + limitMs;
  await drained();
  while (!done()) {
    const event = pop();
    if (!event) throw new Error('The simulated world stands still');
    if (event.cancelled || event.life.dead) continue;
    if (event.life.stoppedUntil > event.at) {
      event.at = event.life.stoppedUntil;
      push(event);
      continue;
    }
    if (event.at > end) throw new Error(`The simulated world has not settled within ${limitMs} ms`);
    now = Math.max(now, event.at);
    event.run();
    await drained();
  }
}

/**
 * Runs only what `life` and the world have to do now, while `work` uses the real disk: time stands still. Undefined if
 * `life` died meanwhile.
 */
export async function startWithin<T>(life: Life, work: () => Promise<T>): Promise<T | undefined> {
  const later: Event[] = [];
  let ended = false;
  // Nest draws tokens of its modules from a buffer that lasts longer than a history; they must be unique in the process.
  const kept = fractions;
  fractions = { next: machineRandom };
  const result = within(life, work).finally(() => (ended = true));
  // Handled below, some turns later.
  result.catch(() => {});
  while (!ended && !life.dead) {
    await drained();
    const event = heap[0] && heap[0].at <= now ? pop()! : undefined;
    if (!event || event.cancelled || event.life.dead) continue;
    if (event.life === life || event.life === WORLD) event.run();
    else later.push(event);
  }
  for (const event of later) push(event);
  fractions = kept;
  return life.dead ? undefined : result;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Until nothing is left to do now. */
export function drained(): Promise<void> {
  return new Promise((resolve) => turn(resolve));
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(event: Event): void {
  let i = heap.push(event) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!before(event, heap[parent]!)) break;
    heap[i] = heap[parent]!;
    i = parent;
  }
  heap[i] = event;
}

function pop(): Event | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!last || heap.length === 0) return first;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
    if (!before(heap[child]!, last)) break;
    heap[i] = heap[child]!;
    i = child;
  }
  heap[i] = last;
  return first;
}

type Callback = (...args: unknown[]) => void;

class Timer {
  #event: Event;
  readonly #context = new AsyncResource('SimulatedTimer');
  readonly #life = currentLife();

  constructor(
    private readonly callback: () => void,
    private readonly waitMs: number,
    private readonly repeats: boolean,
  ) {
    this.#event = this.#schedule();
  }

  #schedule(): Event {
    const event: Event = {
      at: now + this.waitMs,
      order: (order += 1),
      life: this.#life,
      cancelled: false,
      run: () => {
        if (this.repeats) this.#event = this.#schedule();
        this.#context.runInAsyncScope(this.callback);
      },
    };
    push(event);
    return event;
  }

  cancel(): void {
    this.#event.cancelled = true;
  }

  refresh(): this {
    this.cancel();
    this.#event = this.#schedule();
    return this;
  }

  ref = () => this;
  unref = () => this;
  hasRef = () => true;
  close = () => this.cancel();
  [Symbol.dispose] = () => this.cancel();
  [Symbol.toPrimitive] = () => this.#event.order;
}

function clear(timer: unknown): void {
  if (timer instanceof Timer) timer.cancel();
}

function abortable<T>(start: (resolve: (value: T) => void) => Timer, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = () => {
      clear(timer);
      reject(new DOMException('The operation was aborted', 'AbortError'));
    };
    const timer = start((value) => {
      signal?.removeEventListener('abort', fail);
      resolve(value);
    });
    if (signal?.aborted) fail();
    else signal?.addEventListener('abort', fail, { once: true });
  });
}

function fill(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = random.below(256);
}

function install(): void {
  Date.now = epochNow;
  performance.now = () => now;
  // Work takes no time in this world.
  process.threadCpuUsage = () => ({ user: 0, system: 0 });
  Math.random = () => fractions.next();
  const later =
    (repeats: boolean) =>
    (callback: Callback, ms = 1, ...args: unknown[]) =>
      new Timer(() => callback(...args), Math.max(1, Math.trunc(ms) || 1), repeats);
  const immediate = (callback: Callback, ...args: unknown[]) => new Timer(() => callback(...args), 0, false);
  Object.assign(globalThis, {
    setTimeout: later(false),
    setInterval: later(true),
    setImmediate: immediate,
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  });
  Object.assign(timersPromises, {
    setTimeout: <T>(ms?: number, value?: T, options?: { signal?: AbortSignal }) =>
      abortable<T>(
        (resolve) => new Timer(() => resolve(value as T), Math.max(1, ms ?? 1), false),
        options?.signal,
      ),
    setImmediate: <T>(value?: T, options?: { signal?: AbortSignal }) =>
      abortable<T>((resolve) => new Timer(() => resolve(value as T), 0, false), options?.signal),
  });
  // They measure the real process, and keep what uses them for ever.
  Object.assign(perfHooks, {
    monitorEventLoopDelay: () => ({
      enable() {},
      disable() {},
      reset() {},
      percentile: () => 0,
      mean: 0,
      max: 0,
    }),
    PerformanceObserver: class {
      observe() {}
      disconnect() {}
    },
  });
  const bytes = (size: number) => {
    const buffer = Buffer.alloc(size);
    fill(buffer);
    return buffer;
  };
  Object.assign(crypto, {
    randomBytes: bytes,
    randomFillSync: (buffer: Uint8Array) => (fill(buffer), buffer),
    randomUUID: () => {
      const hex = bytes(16).toString('hex');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
    randomInt: (from: number, to?: number) =>
      to === undefined ? random.below(from) : from + random.below(to - from),
  });
  const { readFileSync, watch } = fs;
  const { readFile, realpath } = fs.promises;
  const of = (path: unknown) => (typeof path === 'string' && path.startsWith(FOLDER) ? path : undefined);
  const content = (path: string, options: unknown) => {
    const text = files.get(path);
    if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return options === undefined ? Buffer.from(text) : text;
  };
  Object.assign(fs, {
    readFileSync: (path: string, options?: never) =>
      of(path) ? content(path, options) : readFileSync(path, options),
    watch: (path: string, ...rest: never[]) =>
      of(`${path}/`) ? { on() {}, close() {} } : (watch as Callback)(path, ...rest),
  });
  Object.assign(fs.promises, {
    readFile: async (path: string, options?: never) =>
      of(path) ? content(path, options) : readFile(path, options),
    realpath: async (path: string) => (of(path) ? path : realpath(path)),
  });
  syncBuiltinESMExports();
}

install();
