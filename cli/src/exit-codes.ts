/** What the exit codes of every command mean. A command lists those it uses in its help. */
export const EXIT = {
  /** Everything is as it should be. */
  ok: 0,
  /** The command ran, and found or did something wrong. */
  failed: 1,
  /** The command line, or a file that it names, is not valid. */
  usage: 2,
  /** What the command needs cannot be reached. */
  unreachable: 3,
  /** Ctrl-C: 128 and the number of SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error whose message suffices. The program prints it in one line and exits with `exitCode`. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode = EXIT.failed,
  ) {
    super(message);
    this.name = 'CommandError';
  }
}
