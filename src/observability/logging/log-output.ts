import { DescriptorWriter } from './descriptor-writer.js';

/** The destination of log lines. */
export interface LogOutput {
  /** `line` ends in a line feed. */
  write(line: string): void;
  /** When it returns, the operating system has everything that its reader takes. */
  flushSync(): void;
  /** Flushes; later lines are written at once. */
  close(): void;
  /** Lines that no reader took. */
  readonly droppedLines?: number;
}

type Destination = Pick<DescriptorWriter, 'write' | 'flushSync' | 'droppedLines'>;

const CHUNK_CHARACTERS = 12_288;
const LONGEST_WAIT_MS = 50;
/** Buffered for a slow reader; beyond it lines are dropped, requests never. */
const MAX_WAITING_BYTES = 16_777_216;
/** How long the end of the process waits for a reader that reads nothing. */
const FLUSH_LIMIT_MS = 1_000;
const STDOUT = 1;

/**
 * Writes lines in chunks: one write costs as much as a hundred lines. A killed process loses the log of its last 50
 * ms, and nothing of the ledger; at every other end, crashes included, the rest is written.
 */
export class ChunkedOutput implements LogOutput {
  #lines: string[] = [];
  #characters = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #onExit = (): void => this.flushSync();

  constructor(private readonly destination: Destination) {
    process.on('exit', this.#onExit);
  }

  get droppedLines(): number {
    return this.destination.droppedLines;
  }

  write(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#closed || this.#characters >= CHUNK_CHARACTERS) this.#pass();
    else this.#timer ??= setTimeout(() => this.#pass(), LONGEST_WAIT_MS).unref();
  }

  flushSync(): void {
    this.#pass();
    this.destination.flushSync();
  }

  close(): void {
    this.#closed = true;
    this.flushSync();
    process.off('exit', this.#onExit);
  }

  #pass(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const chunk = this.#lines.join('');
    this.#lines = [];
    this.#characters = 0;
    this.destination.write(chunk);
  }
}

/** Standard output: JSON lines, or readable lines in a terminal if pino-pretty is installed. */
export async function standardOutput(): Promise<LogOutput> {
  // Opening `process.stdout` makes pipes and sockets non-blocking, on which the writer relies.
  const pretty = process.stdout.isTTY ? await prettyOutput() : undefined;
  const limits = { maxWaitingBytes: MAX_WAITING_BYTES, flushLimitMs: FLUSH_LIMIT_MS };
  return pretty ?? new ChunkedOutput(new DescriptorWriter(STDOUT, limits));
}

/** A development tool, absent in production. A variable, so that no tool mistakes it for a dependency. */
const PRETTY = 'pino-pretty';

async function prettyOutput(): Promise<LogOutput | undefined> {
  try {
    const { default: pretty } = (await import(PRETTY)) as {
      default: (options: object) => { write(line: string): void };
    };
    const stream = pretty({
      sync: true,
      singleLine: true,
      ignore: 'context',
      messageFormat: '{if context}[{context}] {end}{msg}',
    });
    return { write: (line) => stream.write(line), flushSync: () => {}, close: () => {} };
  } catch {
    return undefined;
  }
}
