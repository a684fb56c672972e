/** A configuration that is not valid: environment or files (SPEC §6). Each problem is one line, secrets masked. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}
