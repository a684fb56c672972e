import { spawnSync } from 'node:child_process';
import { PLANTED_BUGS } from './planted-bugs.js';

/** `npm run test:simulation`: the simulation repeats a history, and finds every planted bug. Exit code 1 if not. */
const SEED = 5;
const OPERATIONS = 2_500;
/** Of the check that finds nothing. */
const REPEATED_OPERATIONS = 1_000;

const run = (...options: readonly string[]) =>
  spawnSync(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--import',
      './test/support/typescript-hooks.js',
      'test/simulation/main.ts',
      ...options,
    ],
    { encoding: 'utf8' },
  );

let failed = false;
const digests = [1, 2].map(() => {
  const { stdout } = run('--seed', String(SEED), '--operations', String(REPEATED_OPERATIONS));
  return /digest (\w+)/.exec(stdout)?.[1];
});
const repeats = digests[0] !== undefined && digests[0] === digests[1];
console.log(`${repeats ? 'same' : 'DIFFERENT'} history of seed ${SEED}: ${digests.join(', ')}`);
failed ||= !repeats;
for (const bug of Object.keys(PLANTED_BUGS)) {
  const { status, stdout, stderr } = run(
    '--seed',
    String(SEED),
    '--operations',
    String(OPERATIONS),
    '--bug',
    bug,
  );
  const [first = '', violation = ''] = stdout.split('\n');
  // A program that cannot start has found nothing.
  const found = status === 1 && first.endsWith('violations');
  console.log(found ? `found: ${bug}: ${violation}` : `NOT FOUND: ${bug}: ${first} ${stderr.slice(0, 300)}`);
  failed ||= !found;
}
process.exit(failed ? 1 : 0);
