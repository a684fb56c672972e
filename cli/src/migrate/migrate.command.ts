import type { Command } from 'commander';
import { INTERRUPTED, newCommand } from '../command.js';

export function migrateCommand(): Command {
  return newCommand('migrate', {
    summary: 'Migrate the database',
    description:
      'Migrates the database that DATABASE_URL names, and does nothing else: one step before several replicas start.',
    examples: [
      ['DATABASE_URL=postgres://db/tollgate tollgate migrate', 'before a rolling update'],
      ['tollgate migrate', 'the default, ./data/tollgate.db'],
    ],
    exitCodes: [
      [0, 'the database is up to date'],
      [1, 'the configuration is not valid, or the database cannot be used'],
      INTERRUPTED,
    ],
  }).action(async () => {
    await import('../../../src/persistence/migrate.main.js');
  });
}
