/**
 * `npm run test:power-cuts -- --images 100 --payments 4000 --seed 1`: cuts the power of a gateway on SQLite at that many
 * moments of a run, and of further runs in which a sync fails, and recovers each image. Exit code 0 only if every payment
 * that was answered is in every later image.
 */
import { parseArgs } from 'node:util';
import { SeededRandom } from '../support/seeded-random.js';
import { chooseCuts, record, recoverImages } from './power-cuts.js';

const FAILING_SYNCS = [undefined, 'db:2', 'db:3', 'wal:50', 'wal:500'];

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '100' },
    payments: { type: 'string', default: '4000' },
    seed: { type: 'string', default: '1' },
  },
});
const random = new SeededRandom(Number(values.seed));
let wrong = 0;
for (const failing of FAILING_SYNCS) {
  const recording = await record(Number(values.payments), failing);
  const [failedAt] = [0, 1].flatMap((file) => recording.disk.positions('F', file === 0 ? 0 : 1));
  const cuts = chooseCuts(recording, Number(values.images), random, failedAt);
  const { images, compared, missing, malformed } = await recoverImages(recording, cuts, random);
  const unexpected = failing !== undefined && (failedAt === undefined || recording.code !== 1);
  if (missing > 0 || malformed > 0 || unexpected) wrong += 1;
  console.log(
    `${failing === undefined ? 'no sync fails' : `sync ${failing} fails`}: ${recording.answered.length} payments answered, ` +
      `${recording.disk.positions('S', 0).length} syncs of the database, ${recording.disk.positions('S', 1).length} of its log, ` +
      `exit code ${recording.code}; ${images} images, ${compared} comparisons, ${missing} missing, ${malformed} malformed`,
  );
}
process.exitCode = wrong > 0 ? 1 : 0;
