import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { CommandError, EXIT } from './exit-codes.js';
import { backupCommand } from './backup/backup.command.js';
import { doctorCommand } from './doctor/doctor.command.js';
import { exportCommand } from './export/export.command.js';
import { keysCommand } from './keys/keys.command.js';
import { listenCommand } from './listen/listen.command.js';
import { migrateCommand } from './migrate/migrate.command.js';
import { reconcileCommand } from './reconcile/reconcile.command.js';
import { startCommand } from './start/start.command.js';
import { note, type Terminal } from './terminal.js';
import { triggerCommand } from './trigger/trigger.command.js';
import { verifyCommand } from './verify/verify.command.js';

/** In the order of the help. Each has a folder of its own, and loads what it does when it is run. */
const COMMANDS = [
  startCommand,
  migrateCommand,
  verifyCommand,
  doctorCommand,
  listenCommand,
  triggerCommand,
  keysCommand,
  backupCommand,
  exportCommand,
  reconcileCommand,
];

/** Of package.json: two levels up, in `cli/src` as in `dist/cli`. */
const PACKAGE = new URL('../../package.json', import.meta.url);

/** The `tollgate` command. */
export function createProgram(terminal: Terminal): Command {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
  const program = new Command('tollgate')
    .description('Tollgate payment gateway: run it, and check what belongs to it.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for the options)')
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .exitOverride()
    .addHelpText('after', '\nHelp of a command, with examples and exit codes: tollgate COMMAND --help');
  for (const create of COMMANDS) program.addCommand(inheriting(create(terminal), program));
  return program;
}

/** Commander passes settings on to commands that it creates, not to those that are added. */
function inheriting(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent).helpOption('-h, --help', 'print this help');
  for (const child of command.commands) inheriting(child, command);
  return command;
}

/**
 * Runs one command line and returns the exit code; undefined where the command sets `process.exitCode` itself, or goes
 * on (`start`). Errors that a user can fix are one line on stderr.
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number | undefined> {
  try {
    await createProgram(terminal).parseAsync(args, { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof CommandError)) throw error;
    note(terminal, `tollgate: ${error.message}`);
    return error.exitCode;
  }
}
