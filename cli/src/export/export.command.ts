import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { INTERRUPTED, newCommand } from '../command.js';
import { CommandError, EXIT } from '../exit-codes.js';
import { note, print, printJson, type Terminal } from '../terminal.js';
import type { ExportedDay } from './export.js';

const DAY_MS = 86_400_000;

interface Options {
  readonly since?: number;
  readonly until?: number;
  readonly verify?: true;
  readonly head?: string;
  readonly envFile?: string;
  readonly json?: true;
}

export function exportCommand(terminal: Terminal): Command {
  return newCommand('export', {
    summary: 'Archive payments, and verify archives',
    description:
      'Writes a gzipped NDJSON file for each day with payments: each payment with its refunds and events. Each file names ' +
      'the digest of the one before. Records them in the ledger, whose payments RETENTION may delete then. Days that have ' +
      'not changed since are left out. Runs beside the gateway.',
    examples: [
      ['tollgate export archive --since 2026-01-01 --until 2026-02-01', 'January, in the folder archive'],
      ['tollgate export archive --verify', 'that no file was changed, cut off or removed'],
      ['tollgate export archive --verify --head 9f86d0…', 'and that it ends with the file of this digest'],
    ],
    exitCodes: [
      [EXIT.ok, 'all days are archived; with --verify, all files are as they were written'],
      [EXIT.failed, 'a file could not be written (full disk), or is not as it was written'],
      [EXIT.usage, 'the command line or the environment is not valid, or there is no such folder'],
      [EXIT.unreachable, 'there is no ledger, or it cannot be reached'],
      INTERRUPTED,
    ],
  })
    .argument('<folder>', 'the folder of the archives; it must exist')
    .option('--since <day>', 'the first day, such as 2026-01-01 (UTC)', dayOption)
    .option('--until <day>', 'the day after the last; at most today', dayOption)
    .option('--verify', 'read the files instead, and check the chain')
    .option(
      '--head <sha256>',
      'with --verify: the digest of the last file, as its export has printed it',
      digestOption,
    )
    .option('--env-file <file>', 'read DATABASE_URL and its like from this file instead of the environment')
    .option('--json', 'print JSON, for programs')
    .action((folder: string, options: Options) => {
      if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
        throw new CommandError(`export: ${folder} is no folder`, EXIT.usage);
      return options.verify ? runVerify(terminal, folder, options) : runExport(terminal, folder, options);
    });
}

async function runExport(
  terminal: Terminal,
  folder: string,
  { since, until, envFile, json }: Options,
): Promise<void> {
  const [{ exportDays }, { databaseOf, openLedger }, { readEnvironment }, { SystemClock }] =
    await Promise.all([
      import('./export.js'),
      import('../ledger.js'),
      import('../env-file.js'),
      import('../../../src/shared/clock.js'),
    ]);
  const clock = new SystemClock();
  const today = Math.floor(clock.now() / DAY_MS);
  if (since === undefined || until === undefined || since >= until || until > today)
    throw new CommandError(
      'export: --since and --until are needed, --until later than --since and not later than today: only whole days are archived',
      EXIT.usage,
    );
  const env = readEnvironment(envFile);
  const ledger = await openLedger(env);
  const days: ExportedDay[] = [];
  try {
    const options = { folder, fromDay: since, toDay: until, now: () => clock.now() };
    for await (const day of exportDays(databaseOf(env), ledger, options)) {
      days.push(day);
      if (!json) print(terminal, `${day.file}  ${day.sha256}  ${day.result}`);
    }
  } catch (error) {
    throw writeFailure(error, folder, days.length);
  } finally {
    await ledger.close();
  }
  if (json) printJson(terminal, { days });
  else note(terminal, `${days.length} days archived in ${folder}`);
}

/** What an operator can mend, in one line. Days before it are archived and recorded. */
function writeFailure(error: unknown, folder: string, archived: number): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof CommandError || code === undefined || syscall === undefined) return error;
  const why = code === 'ENOSPC' ? 'no space is left' : (error as Error).message;
  return new CommandError(
    `cannot write to ${folder}: ${why}. ${archived} days are archived; the next was not, and nothing is lost: run it again`,
  );
}

async function runVerify(terminal: Terminal, folder: string, { head, json }: Options): Promise<void> {
  const { verifyArchives } = await import('./verify-archives.js');
  const found = await verifyArchives(folder);
  const problems = [...found.problems];
  if (found.files === 0) problems.push(`${folder} has no archive`);
  if (head !== undefined && found.head !== head)
    problems.push(
      `the last file has the digest ${found.head ?? '(none)'}: files after it are missing, or it is another`,
    );
  if (json) printJson(terminal, { ...found, problems });
  else for (const problem of problems) print(terminal, problem);
  if (problems.length > 0)
    throw new CommandError(
      `the archive is not as it was written (files: ${found.files}, problems: ${problems.length})`,
    );
  const begin = found.begins === null ? '' : `, from ${String(found.begins)} on`;
  note(
    terminal,
    `${found.files} files with ${found.payments} payments are as they were written${begin}: ${found.head!}`,
  );
}

function digestOption(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('It must be a SHA-256 digest, 64 hexadecimal digits.');
}

/** A day as days since the epoch. */
function dayOption(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)) return ms / DAY_MS;
  throw new InvalidArgumentError('It must be a day, such as 2026-01-31.');
}
