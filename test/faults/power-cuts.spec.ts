import { beforeAll, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../support/seeded-random.js';
import { chooseCuts, type Recording, record, recoverImages } from './power-cuts.js';
import { canRecord } from './recorded-disk.js';

/** Enough for a checkpoint of the log (16 MiB). */
const PAYMENTS = 2_000;
const IMAGES = 20;
const LIMIT_MS = 120_000;

// It takes long, so that `npm test` leaves it to `npm run test:faults`, which sets the variable.
const onRecordedDisk = canRecord() && process.env['TEST_DATABASE_URL'] ? describe : describe.skip;

onRecordedDisk('A power cut of a gateway on SQLite', () => {
  let recording: Recording;
  beforeAll(async () => {
    recording = await record(PAYMENTS);
  }, LIMIT_MS);

  it(
    'keeps every payment that was answered, at any moment',
    async () => {
      expect(recording.answered.length).toBe(PAYMENTS);
      expect(recording.disk.positions('W', 0).length).toBeGreaterThan(500);
      const random = new SeededRandom(1);
      const result = await recoverImages(recording, chooseCuts(recording, IMAGES, random), random);
      expect(result).toMatchObject({ images: IMAGES, missing: 0, malformed: 0 });
      expect(result.compared).toBeGreaterThan(IMAGES * 100);
    },
    LIMIT_MS,
  );

  it(
    'would be noticed by this test if the disk lost what it has synced',
    async () => {
      const random = new SeededRandom(1);
      const { missing } = await recoverImages(recording, chooseCuts(recording, 4, random), random, false);
      expect(missing).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  // The syncs of the database before the third belong to the making of its file.
  it.each(['db:3', 'wal:200'])(
    'keeps them after a sync has failed (%s), and the gateway has ended',
    async (sync) => {
      const failed = await record(10 * PAYMENTS, sync);
      expect(failed.code).toBe(1);
      const [at] = failed.disk.positions('F', sync.startsWith('db') ? 0 : 1);
      const random = new SeededRandom(2);
      const result = await recoverImages(failed, chooseCuts(failed, IMAGES / 2, random, at), random);
      expect(result).toMatchObject({ images: IMAGES / 2, missing: 0, malformed: 0 });
      expect(result.compared).toBeGreaterThan(IMAGES);
    },
    LIMIT_MS,
  );
});
