/** The environment does not make a configuration (SPEC §6). The message is one line per problem, secrets masked. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}
