import type { LogOutput } from '../../src/observability/logging/log-output.js';

/** A line of the log, parsed. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string; readonly level: string };

/** A log that a test reads: the text, and each line as parsed JSON. */
export class LogLines implements LogOutput {
  #text = '';

  write(line: string): void {
    this.#text += line;
  }

  flushSync(): void {}
  close(): void {}

  get text(): string {
    return this.#text;
  }

  /** Lines with the message `msg`, or all. */
  lines(msg?: string): LogLine[] {
    const lines = this.#text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogLine);
    return msg === undefined ? lines : lines.filter((line) => line.msg === msg);
  }

  clear(): void {
    this.#text = '';
  }
}
