import { spawnSync } from 'node:child_process';
import { PLANTED_BUGS } from './planted-bugs.js';

/**
 * `npm run test:simulation`: the simulation repeats a history, reaches every row of the outcome table, and finds every
 * planted bug. Exit code 1 if not.
 */
const SEED = 5;
/** Of the check that finds nothing. */
const REPEATED_OPERATIONS = 1_000;
const COVERING_OPERATIONS = 10_000;
/** The lengths of the histories in which a planted bug is searched: the last is the limit. */
const LENGTHS = [1_000, 5_000, 50_000];

const run = (operations: number, ...options: readonly string[]) =>
  spawnSync(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--import',
      './test/support/typescript-hooks.js',
      'test/simulation/main.ts',
      '--seed',
      String(SEED),
      '--operations',
      String(operations),
      ...options,
    ],
    { encoding: 'utf8' },
  );

let failed = false;
const digests = [1, 2].map(() => /digest (\w+)/.exec(run(REPEATED_OPERATIONS).stdout)?.[1]);
const repeats = digests[0] !== undefined && digests[0] === digests[1];
console.log(`${repeats ? 'same' : 'DIFFERENT'} history of seed ${SEED}: ${digests.join(', ')}`);
const covering = run(COVERING_OPERATIONS, '--covered');
console.log(covering.stdout);
failed ||= !repeats || covering.status !== 0;
for (const bug of Object.keys(PLANTED_BUGS)) {
  const found = LENGTHS.some((operations) => isFound(bug, operations));
  if (!found) console.log(`NOT FOUND: ${bug}`);
  failed ||= !found;
}
process.exit(failed ? 1 : 0);

function isFound(bug: string, limit: number): boolean {
  const { status, stdout, stderr } = run(limit, '--shrink', '0', '--bug', bug);
  const [, operations] = /^seed \d+, after (\d+) operations: violated$/m.exec(stdout) ?? [];
  // A program that cannot start has found nothing.
  if (status !== 1 || operations === undefined) {
    if (status !== 0) console.log(stderr);
    return false;
  }
  console.log(`found: ${bug} | seed ${SEED} | ${operations} operations | ${stdout.split('\n')[1] ?? ''}`);
  return true;
}
