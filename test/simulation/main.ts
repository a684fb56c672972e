import './platform.js';
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { plant } from './planted-bugs.js';

/** `npm run simulate -- --seed 7 --operations 1000000`: see docs/adr/0009-deterministic-simulation.md. */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    operations: { type: 'string', default: '10000' },
    /** How long a failure may be shrunk, in seconds; 0: not at all. */
    shrink: { type: 'string', default: '120' },
    /** One seed after the other, until one fails. */
    forever: { type: 'boolean', default: false },
    /** Fails where a row of the outcome table was never reached. */
    covered: { type: 'boolean', default: false },
    bug: { type: 'string' },
  },
});
if (values.bug !== undefined) plant(values.bug);
const { reportCoverage, simulate } = await import('./simulate.js');
const first = Number(values.seed);
const seeds = values.forever ? Infinity : Number(values.seeds);
let failed = false;
for (let seed = first; seed < first + seeds && !failed; seed += 1) {
  const shrinkMs = Number(values.shrink) * 1_000;
  failed = !(await simulate({ seed, operations: Number(values.operations), shrinkMs }));
}
if (!reportCoverage() && values.covered) failed = true;
process.exit(failed ? 1 : 0);
