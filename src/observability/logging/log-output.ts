import { pino } from 'pino';

/** Where log lines go. */
export interface LogOutput {
  /** `line` ends in a line feed. */
  write(line: string): void;
  /** Everything that was written is with the operating system when it returns. */
  flushSync(): void;
  /** Flushes, and waits for nothing any more: what is written after goes out at once. */
  close(): void;
}

/** The part of pino's destination that is used. */
interface Destination {
  write(text: string): unknown;
  flushSync(): void;
}

const CHUNK_CHARACTERS = 12_288;
const LONGEST_WAIT_MS = 50;
/** What waits for a reader that does not read; beyond it lines are dropped, and never a request. */
const MAX_WAITING_BYTES = 16_777_216;

/**
 * Lines by the chunk: one write costs as much as a hundred lines. A process that is killed loses what its last 50 ms wrote to the
 * log, and nothing of the ledger; at every other end, crashes included, the rest is written out.
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

  write(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#closed || this.#characters >= CHUNK_CHARACTERS) this.#pass();
    else this.#timer ??= setTimeout(() => this.#pass(), LONGEST_WAIT_MS).unref();
  }

  flushSync(): void {
    this.#pass();
    try {
      this.destination.flushSync();
    } catch {
      // Nobody is left to be told.
    }
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

/** Standard output: JSON lines, or, in a terminal, lines for a person, where pino-pretty is installed. */
export async function standardOutput(): Promise<LogOutput> {
  const pretty = process.stdout.isTTY ? await prettyOutput() : undefined;
  return (
    pretty ?? new ChunkedOutput(pino.destination({ dest: 1, sync: false, maxLength: MAX_WAITING_BYTES }))
  );
}

/** A tool of development: not there in production. Named by a variable, so that nothing takes it for a dependency. */
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
