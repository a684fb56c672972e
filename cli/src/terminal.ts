import { styleText } from 'node:util';

/** A format of `util.styleText`. */
export type Style = Parameters<typeof styleText>[0];

/** Where a command writes: results to stdout, progress and errors to stderr. */
export interface Terminal {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

export const processTerminal: Terminal = { stdout: process.stdout, stderr: process.stderr };

/** Writes `text` and a line end to stdout. */
export function print({ stdout }: Terminal, text = ''): void {
  stdout.write(`${text}\n`);
}

/** Writes a value as JSON for `--json`: the only thing on stdout then. */
export function printJson(terminal: Terminal, value: unknown): void {
  print(terminal, JSON.stringify(value, null, 2));
}

/** Writes `text` and a line end to stderr. */
export function note({ stderr }: Terminal, text: string): void {
  stderr.write(`${text}\n`);
}

/**
 * `text` with a style where `stream` shows it: a terminal, unless `NO_COLOR` is set, and anything with `FORCE_COLOR`.
 */
export function styled(stream: NodeJS.WritableStream, style: Style, text: string): string {
  return styleText(style, text, { stream });
}
