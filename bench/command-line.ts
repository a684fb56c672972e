import { parseArgs } from 'node:util';
import { type BenchOptions, PART_NAMES, type PartName } from './part.js';

export interface CommandLine {
  readonly part: PartName | 'quick' | 'all';
  readonly options: BenchOptions;
  /** As one would type it. */
  readonly command: string;
}

/**
 * Reads `[PART] [--rounds N] [--seconds N] [--warm-up SECONDS] [--count N]`.
 * @throws Error where it is something else.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      count: { type: 'string' },
    },
  });
  const [part = 'all'] = positionals;
  if (positionals.length > 1 || !isPart(part)) {
    throw new Error(`One part, of ${PART_NAMES.join(', ')}; got: ${positionals.join(' ')}`);
  }
  return {
    part,
    options: {
      rounds: numberOf(values.rounds),
      seconds: numberOf(values.seconds),
      warmUpSeconds: numberOf(values['warm-up']),
      count: numberOf(values.count),
    },
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
  };
}

function isPart(text: string): text is CommandLine['part'] {
  return text === 'quick' || text === 'all' || PART_NAMES.some((name) => name === text);
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`A number above 0 is needed; got: ${text}`);
  return value;
}
