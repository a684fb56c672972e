/**
 * `npm run test:pgbouncer`: the contract suites through a PgBouncer of its own, in transaction mode (`-- session`: in
 * session mode), in front of the server of TEST_DATABASE_URL. Further arguments go to Jest.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startPgBouncer } from '../test/support/pgbouncer.js';

const SESSIONS = 20;
const target = process.env['TEST_DATABASE_URL'] || 'postgres://postgres@127.0.0.1:5432/test';
// `.ci/run` adds options behind a second `--`.
const given = process.argv.slice(2).filter((argument) => argument !== '--');
const [first, ...others] = given;
const mode = first === 'session' || first === 'transaction' ? first : 'transaction';
const selected = first === mode ? others : given;
const pooler = await startPgBouncer(target, mode, SESSIONS);
const jest = spawn(
  process.execPath,
  [
    '--disable-warning=ExperimentalWarning',
    '--experimental-vm-modules',
    'node_modules/jest/bin/jest.js',
    ...(selected.some((argument) => !argument.startsWith('-')) ? [] : ['test/contracts']),
    ...selected,
  ],
  { stdio: 'inherit', env: { ...process.env, TEST_DATABASE_URL: pooler.url, TEST_POOLER: mode } },
);
const [code] = (await once(jest, 'exit')) as [number | null];
await pooler.stop();
process.exitCode = code ?? 1;
