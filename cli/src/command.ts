import { Command } from 'commander';
import { EXIT } from './exit-codes.js';

/** Of a command that Node ends: nothing is left behind. */
export const INTERRUPTED = [EXIT.interrupted, 'Ctrl-C'] as const;

interface CommandText {
  /** Imperative, one line: shown in the list of commands. */
  readonly summary: string;
  /** Below the usage line. Default: the summary. */
  readonly description?: string;
  /** [command line without `npx`, what it does] */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** [exit code, when] */
  readonly exitCodes: readonly (readonly [code: number, when: string])[];
}

/** A command whose help has examples and exit codes. `program.ts` adds it to the program. */
export function newCommand(
  name: string,
  { summary, description = summary, examples, exitCodes }: CommandText,
): Command {
  return new Command(name)
    .summary(summary)
    .description(description)
    .addHelpText('after', helpText(examples, exitCodes));
}

function helpText(examples: CommandText['examples'], exitCodes: CommandText['exitCodes']): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  return [
    '',
    'Examples:',
    ...examples.map(([line, meaning]) => `  ${line.padEnd(width)}  ${meaning}`),
    '',
    'Exit codes:',
    ...exitCodes.map(([code, when]) => `  ${String(code).padStart(3)}  ${when}`),
  ].join('\n');
}
