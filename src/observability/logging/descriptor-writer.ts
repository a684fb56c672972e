import { write, writeSync } from 'node:fs';

const NEW_LINE = 0x0a;
/** Of a non-blocking descriptor whose reader is slow. */
const BUSY: ReadonlySet<string | undefined> = new Set(['EAGAIN', 'EBUSY', 'EINTR']);
const BUSY_WAIT_MS = 50;
/** After an error that may pass, such as a full disk. */
const ERROR_WAIT_MS = 1_000;
/** The reader is gone. Each line is dropped at once, so that a new reader of a named pipe gets the newest ones. */
const GONE = 'EPIPE';

export interface DescriptorWriterOptions {
  /** Bytes that wait for a slow reader; what comes beyond them is dropped. */
  readonly maxWaitingBytes: number;
  /** How long {@link DescriptorWriter.flushSync} waits for a reader that reads nothing. */
  readonly flushLimitMs: number;
}

/**
 * Writes lines to a file descriptor, in order and without blocking. A reader that stalls or is gone, and a full disk,
 * cost lines, which are counted, and nothing else: pino's own destination never ends its last flush then, and throws
 * what the disk reports.
 */
export class DescriptorWriter {
  droppedLines = 0;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** What is left of the chunk that is written now. */
  #current: Buffer | undefined;
  #isInFlight = false;
  #timer: NodeJS.Timeout | undefined;
  /** The last line was dropped after a part of it was written. */
  #isLineOpen = false;

  constructor(
    private readonly descriptor: number,
    private readonly options: DescriptorWriterOptions,
  ) {}

  write(lines: string): void {
    const chunk = Buffer.from(lines);
    if (this.#waitingBytes + chunk.length > this.options.maxWaitingBytes) {
      this.#countDropped(chunk);
      return;
    }
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (!this.#isInFlight && !this.#timer) this.#writeNext();
  }

  /** Writes what waits, as far as the reader takes it within the limit; the rest is dropped. */
  flushSync(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Another thread writes that chunk to its end, also when the process ends.
    if (this.#isInFlight) this.#current = undefined;
    const untilMs = performance.now() + this.options.flushLimitMs;
    while (this.#takeNext()) {
      try {
        this.#advance(writeSync(this.descriptor, this.#current!));
      } catch (error) {
        if (!isBusy(error)) this.#dropCurrent();
        else if (performance.now() < untilMs) sleepSync(BUSY_WAIT_MS);
        else return this.#dropAll();
      }
    }
  }

  #writeNext(): void {
    if (!this.#takeNext()) return;
    this.#isInFlight = true;
    const chunk = this.#current!;
    write(this.descriptor, chunk, (error, bytes) => {
      this.#isInFlight = false;
      if (this.#current !== chunk) {
        // Flushed meanwhile.
        this.#countDropped(chunk.subarray(error ? 0 : bytes));
        return this.#writeNext();
      }
      if (!error) {
        this.#advance(bytes);
        return this.#writeNext();
      }
      if (isBusy(error)) return this.#writeLater(BUSY_WAIT_MS);
      this.#dropCurrent();
      if (error.code === GONE) this.#writeNext();
      else this.#writeLater(ERROR_WAIT_MS);
    });
  }

  #writeLater(waitMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writeNext();
    }, waitMs).unref();
  }

  /** False if nothing waits. */
  #takeNext(): boolean {
    if (this.#current) return true;
    const next = this.#waiting.shift();
    if (!next) return false;
    this.#waitingBytes -= next.length;
    this.#current = this.#isLineOpen ? Buffer.concat([Buffer.of(NEW_LINE), next]) : next;
    return true;
  }

  #advance(bytes: number): void {
    const chunk = this.#current!;
    if (bytes > 0) this.#isLineOpen = chunk[bytes - 1] !== NEW_LINE;
    this.#current = bytes < chunk.length ? chunk.subarray(bytes) : undefined;
  }

  #dropCurrent(): void {
    this.#countDropped(this.#current!);
    this.#current = undefined;
  }

  #dropAll(): void {
    if (this.#current) this.#dropCurrent();
    for (const chunk of this.#waiting.splice(0)) this.#countDropped(chunk);
    this.#waitingBytes = 0;
  }

  #countDropped(chunk: Buffer): void {
    for (const byte of chunk) if (byte === NEW_LINE) this.droppedLines += 1;
  }
}

function isBusy(error: unknown): boolean {
  return BUSY.has((error as NodeJS.ErrnoException).code);
}

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
