import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const LIMIT_MS = 50;

// The database does not matter.
const once = process.env['TEST_DATABASE_URL'] ? it.skip : it;

once(
  'no body costs more than 50 ms of one turn of the event loop, whatever is in it',
  async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      // Without threads of its own for compilation, which get no time on a busy machine: then the code stays slow.
      ['--single-threaded', '--import', './test/support/typescript-hooks.js', 'test/support/answer-costs.ts'],
      { maxBuffer: 1_000_000 },
    );
    const costs = JSON.parse(stdout) as [what: string, ms: number][];
    expect(costs.length).toBeGreaterThan(100);
    expect(costs.filter(([, ms]) => ms > LIMIT_MS)).toEqual([]);
  },
  120_000,
);
