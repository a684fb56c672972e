import type { Command } from 'commander';
import { INTERRUPTED, newCommand } from '../command.js';
import { CommandError, EXIT } from '../exit-codes.js';
import { note, print, printJson, type Style, styled, type Terminal } from '../terminal.js';
import type { Diagnosis } from './doctor.js';
import type { FindingLevel } from './finding.js';

const TITLES: Readonly<Record<FindingLevel, readonly [title: string, style: Style]>> = {
  wrong: ['Wrong', 'red'],
  soon: ['Soon', 'yellow'],
  risk: ['Risk', 'cyan'],
};

interface DoctorOptions {
  readonly envFile?: string;
  readonly pgmEnv?: string;
  readonly pgmConfig?: string;
  readonly strict?: true;
  readonly json?: true;
}

export function doctorCommand(terminal: Terminal): Command {
  return newCommand('doctor', {
    summary: 'Find what is wrong with a set-up',
    description:
      'Reads the environment and the files of externals, receivers and API keys as the gateway does, connects to ' +
      'database, externals, receivers and issuer, and lists what is wrong, what will be wrong soon, and how to mend it. ' +
      'Sends no payment and no notification: an external gets one GET /status of a payment that cannot exist.',
    examples: [
      ['tollgate doctor', 'the environment of this shell'],
      ['tollgate doctor --env-file production.env', 'a file of variables instead'],
      ['tollgate doctor --pgm-env pgm.env --pgm-config externals.json', 'before a move from PGM 12.x'],
      ["tollgate doctor --json | jq '.findings[]'", 'for programs'],
    ],
    exitCodes: [
      [EXIT.ok, 'nothing is wrong'],
      [EXIT.failed, 'something is wrong; with --strict, also where something is soon or a risk'],
      [EXIT.usage, 'the command line is not valid, or a file that it names cannot be read'],
      INTERRUPTED,
    ],
  })
    .option('--env-file <file>', 'read variables from this file instead of the environment')
    .option('--pgm-env <file>', 'the variables of a PGM 12.x deployment, as a file')
    .option('--pgm-config <file>', 'its config map: the externals file')
    .option('--strict', 'fail on every finding')
    .option('--json', 'print JSON, for programs')
    .action(async ({ envFile, pgmEnv, pgmConfig, strict, json }: DoctorOptions) => {
      const [{ diagnose }, { pgmEnvironment }, { readEnvironment }, { SystemClock }] = await Promise.all([
        import('./doctor.js'),
        import('./pgm.js'),
        import('../env-file.js'),
        import('../../../src/shared/clock.js'),
      ]);
      const isPgm = pgmEnv !== undefined || pgmConfig !== undefined;
      const given = readEnvironment(pgmEnv ?? envFile);
      const env = isPgm ? pgmEnvironment(given, pgmConfig) : given;
      const diagnosis = await diagnose({ env, isPgm, nowMs: new SystemClock().now() });
      if (json) printJson(terminal, diagnosis);
      else printDiagnosis(terminal, diagnosis);
      const { findings } = diagnosis;
      const isBad = strict ? findings.length > 0 : findings.some(({ level }) => level === 'wrong');
      if (isBad) throw new CommandError(summaryOf(findings), EXIT.failed);
    });
}

function printDiagnosis(terminal: Terminal, { examined, findings }: Diagnosis): void {
  for (const { level, subject, problem, remedy } of findings) {
    const [title, style] = TITLES[level];
    const { stdout } = terminal;
    // Warnings of the configuration name their subject themselves.
    const text = problem.startsWith(`${subject}: `) ? problem : `${subject}: ${problem}`;
    print(terminal, `${styled(stdout, style, title.padEnd(5))}  ${text}`);
    print(terminal, `       ${styled(stdout, 'dim', remedy)}`);
  }
  if (findings.length > 0) print(terminal);
  else print(terminal, styled(terminal.stdout, 'green', 'Nothing found.'));
  note(terminal, styled(terminal.stderr, 'dim', `Examined: ${examined.join('; ')}.`));
}

function summaryOf(findings: Diagnosis['findings']): string {
  const count = (level: FindingLevel): number => findings.filter((each) => each.level === level).length;
  const risks = count('risk');
  return `${count('wrong')} wrong, ${count('soon')} soon, ${risks} ${risks === 1 ? 'risk' : 'risks'}`;
}
