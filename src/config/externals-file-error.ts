export interface ExternalsFileProblem {
  /** RFC 6901, from the root of the file; `''` is the file as a whole. */
  readonly pointer: string;
  readonly detail: string;
}

/** The externals file cannot be used (SPEC §6). The message is one line per problem, secrets masked. */
export class ExternalsFileError extends Error {
  constructor(
    readonly file: string,
    readonly problems: readonly ExternalsFileProblem[],
  ) {
    super(problems.map(({ pointer, detail }) => `${file}#${pointer}: ${detail}`).join('\n'));
    this.name = 'ExternalsFileError';
  }
}
