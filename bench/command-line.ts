import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchOptions, PART_NAMES, type PartName } from './part.js';

export interface CommandLine {
  readonly part: PartName | 'quick' | 'versus' | 'all';
  /** Of `versus`: the checkout to compare with, as an absolute path. */
  readonly checkout: string | undefined;
  readonly options: BenchOptions;
  /** As one would type it. */
  readonly command: string;
}

/**
 * Reads `[PART | versus DIR] [--rounds N] [--seconds N] [--warm-up SECONDS] [--count N]`.
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
  const [part = 'all', checkout] = positionals;
  if (!isPart(part) || positionals.length > (part === 'versus' ? 2 : 1)) {
    throw new Error(`One part, of ${PART_NAMES.join(', ')}, or versus DIR; got: ${positionals.join(' ')}`);
  }
  if (part === 'versus' && checkout === undefined) throw new Error('versus needs the folder of a checkout');
  return {
    part,
    checkout: checkout && resolve(checkout),
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
  return ['quick', 'versus', 'all'].includes(text) || PART_NAMES.some((name) => name === text);
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`A number above 0 is needed; got: ${text}`);
  return value;
}
