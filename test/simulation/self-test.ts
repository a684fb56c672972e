import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { PLANTED_BUGS } from './planted-bugs.js';

/**
 * `npm run test:simulation`: the simulation repeats a history, reaches every row of the outcome table, and finds every
 * planted bug. Exit code 1 if not.
 */
const SEED = 5;
/** Of the check that finds nothing. */
const REPEATED_OPERATIONS = 1_000;
const COVERING_OPERATIONS = 10_000;
/** The lengths of the histories in which a planted bug is searched. The last is the limit; it ends where one is found. */
const LENGTHS = [1_000, 50_000];

/** Histories at the same time. */
const { values } = parseArgs({
  options: { jobs: { type: 'string', default: String(availableParallelism()) } },
});

interface Run {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function run(operations: number, ...options: readonly string[]): Promise<Run> {
  const simulate = [
    '--disable-warning=ExperimentalWarning',
    '--import',
    './test/support/typescript-hooks.js',
    'test/simulation/main.ts',
    '--seed',
    String(SEED),
    '--operations',
    String(operations),
    ...options,
  ];
  return new Promise((resolve) =>
    execFile(process.execPath, simulate, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    ),
  );
}

async function repeats(): Promise<boolean> {
  const digestOf = async () => /digest (\w+)/.exec((await run(REPEATED_OPERATIONS)).stdout)?.[1];
  const digests = [await digestOf(), await digestOf()];
  const same = digests[0] !== undefined && digests[0] === digests[1];
  console.log(`${same ? 'same' : 'DIFFERENT'} history of seed ${SEED}: ${digests.join(', ')}`);
  return same;
}

async function covers(): Promise<boolean> {
  const { code, stdout, stderr } = await run(COVERING_OPERATIONS, '--covered');
  console.log(stdout + stderr);
  return code === 0;
}

async function finds(bug: string): Promise<boolean> {
  for (const length of LENGTHS) {
    const { code, stdout, stderr } = await run(length, '--shrink', '0', '--bug', bug);
    const [, operations, invariant] =
      /^seed \d+, after (\d+) operations: violated\n(.*?): /m.exec(stdout) ?? [];
    // A program that cannot start has found nothing.
    if (code === 1 && operations !== undefined) {
      console.log(`| ${bug} | ${SEED} | ${operations} | ${invariant} |`);
      return true;
    }
    if (code !== 0) console.log(stderr);
  }
  console.log(`NOT FOUND: ${bug}`);
  return false;
}

const checks = [...Object.keys(PLANTED_BUGS).map((bug) => () => finds(bug)), repeats, covers].values();
let failed = false;
const workers = Array.from({ length: Number(values.jobs) }, async () => {
  for (const check of checks) failed = !(await check()) || failed;
});
await Promise.all(workers);
process.exit(failed ? 1 : 0);
