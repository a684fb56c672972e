import type { Command } from 'commander';
import { newCommand } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { note, print, type Terminal } from '../terminal.js';

export function backupCommand(terminal: Terminal): Command {
  return newCommand('backup', {
    summary: 'Back up a ledger on SQLite while the gateway runs',
    description:
      'Writes one consistent, checked copy of the ledger that DATABASE_URL names to a new file. Payments go on meanwhile. A ' +
      'gateway that starts on the copy knows that it was restored, and executes nothing twice (docs/operating.md). For ' +
      'PostgreSQL use its own programs: pg_basebackup with archived WAL, or pg_dump.',
    examples: [
      ['tollgate backup /var/backups/tollgate-$(date +%FT%H%M).db', 'a copy of the ledger of DATABASE_URL'],
    ],
    exitCodes: [
      [EXIT.ok, 'the copy is complete and on the disk'],
      [EXIT.failed, 'the copy could not be made; there is no file'],
      [EXIT.usage, 'the command line or DATABASE_URL is not valid, or the file exists already'],
      [EXIT.unreachable, 'there is no ledger'],
      [EXIT.interrupted, 'Ctrl-C: there is no file, or FILE.partial, which the next run replaces'],
    ],
  })
    .argument('<file>', 'the copy; it must not exist')
    .action(async (file: string) => {
      const [{ backUp }, { processEnvironment }, { SystemClock }] = await Promise.all([
        import('./backup.js'),
        import('../../../src/config/environment.js'),
        import('../../../src/shared/clock.js'),
      ]);
      const { source, bytes } = backUp(file, processEnvironment(), new SystemClock().now());
      print(terminal, file);
      note(terminal, `Copied ${source}: ${bytes} bytes.`);
    });
}
