import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStore } from '../../src/persistence/sqlite/sqlite.store.js';
import { call } from '../support/client.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { startStubExternal } from '../support/stub-external.js';
import { until } from '../support/until.js';
import { compileRecorder, RecordedDisk } from './recorded-disk.js';

const PAYERS = 16;
const EXIT_LIMIT_MS = 30_000;

export interface Recording {
  readonly disk: RecordedDisk;
  /** Bytes of the recording. */
  readonly length: number;
  /** Payments that were answered 200, and the length of the recording right after the answer. */
  readonly answered: readonly { readonly order: string; readonly at: number }[];
  /** The exit code of a gateway that ended by itself. */
  readonly code: number | null;
}

/**
 * Runs the gateway on SQLite, pays `payments` times at most and records what reaches the disk. `failingSync`: as RECORD_FAILING_SYNC of
 * disk-recorder.c.
 */
export async function record(payments: number, failingSync?: string): Promise<Recording> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-recording-'));
  try {
    return await run(folder, compileRecorder(folder), payments, failingSync);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(
  folder: string,
  library: string,
  payments: number,
  failingSync: string | undefined,
): Promise<Recording> {
  const external = await startStubExternal();
  const log = join(folder, 'recording');
  const path = join(folder, 'tollgate.db');
  const gateway = await startGatewayProcess({
    externals: [{ externalService: 'acme', baseUrl: external.url }],
    env: {
      DATABASE_URL: `sqlite:${path}`,
      WORKERS: 'off',
      LD_PRELOAD: library,
      RECORD_PATH: path,
      RECORD_LOG: log,
      ...(failingSync !== undefined && { RECORD_FAILING_SYNC: failingSync }),
    },
  });
  const answered: { order: string; at: number }[] = [];
  let ended = false;
  const exit = gateway.exit.then(({ code }) => {
    ended = true;
    return code;
  });
  let orders = 0;
  const payer = async (): Promise<void> => {
    while (!ended && orders < payments) {
      const order = `order-${(orders += 1)}`;
      const body = { amount: 1, currency: 'EUR', shopTransactionId: order };
      const answer = await call(`${gateway.url}/v3/acme/pay`, 'POST', body).catch(() => undefined);
      if (answer?.status === 200) answered.push({ order, at: statSync(log).size });
    }
  };
  await Promise.all(Array.from({ length: PAYERS }, payer));
  if (failingSync !== undefined)
    await until(() => ended, 'the gateway to end after the failed sync', EXIT_LIMIT_MS);
  // Never an orderly stop: it would end with a checkpoint.
  gateway.kill('SIGKILL');
  const code = await exit;
  const recording = readFileSync(log);
  await gateway.dispose();
  await external.close();
  return { disk: new RecordedDisk(recording), length: recording.length, answered, code };
}

/** Half of the cuts anywhere, half while a checkpoint writes the database; none before `from`. */
export function chooseCuts(
  { disk, length }: Recording,
  count: number,
  random: SeededRandom,
  from = 0,
): number[] {
  const writes = disk.positions('W', 0).filter((at) => at >= from);
  return Array.from({ length: count }, (_, index) =>
    index % 2 === 0 || writes.length === 0
      ? from + Math.floor(random.next() * (length - from + 1))
      : writes[Math.floor(random.next() * writes.length)]!,
  );
}

export interface CutResult {
  readonly images: number;
  /** Comparisons of an answered payment with an image. */
  readonly compared: number;
  readonly missing: number;
  readonly malformed: number;
}

/** Recovers each image as a start does, and looks for each payment that was answered before its cut. */
export async function recoverImages(
  { disk, answered }: Recording,
  cuts: readonly number[],
  random: SeededRandom,
  honest = true,
): Promise<CutResult> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-images-'));
  const image = join(folder, 'image');
  let [images, compared, missing, malformed] = [0, 0, 0, 0];
  try {
    for (const { cut, path } of disk.images(cuts, image, random, honest)) {
      images += 1;
      const kept = await acceptedIn(path);
      if (!kept) malformed += 1;
      for (const { order, at } of answered) {
        if (at > cut) continue;
        compared += 1;
        if (!kept?.has(order)) missing += 1;
      }
      rmSync(image, { recursive: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { images, compared, missing, malformed };
}

/** The orders that are ACCEPTED, or undefined if SQLite finds the file malformed. */
async function acceptedIn(path: string): Promise<ReadonlySet<string | null> | undefined> {
  try {
    const { store } = await SqliteStore.open(path);
    const rows = await store.read((db) =>
      db.selectFrom('payments').select('shop_transaction_id').where('state', '=', 'ACCEPTED').execute(),
    );
    await store.close();
    const database = new DatabaseSync(path, { readOnly: true });
    const check = database.prepare('pragma integrity_check').get();
    database.close();
    return check?.['integrity_check'] === 'ok'
      ? new Set(rows.map((row) => row.shop_transaction_id))
      : undefined;
  } catch {
    return undefined;
  }
}
