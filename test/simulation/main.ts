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
    bug: { type: 'string' },
    forever: { type: 'boolean', default: false },
  },
});
if (values.bug !== undefined) plant(values.bug);
const { simulate } = await import('./simulate.js');
const first = Number(values.seed);
const seeds = values.forever ? Infinity : Number(values.seeds);
let failed = false;
for (let seed = first; seed < first + seeds && !failed; seed += 1) {
  failed = !(await simulate(seed, Number(values.operations)));
}
process.exit(failed ? 1 : 0);
