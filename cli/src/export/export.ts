import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { DatabaseConfig } from '../../../src/config/config.js';
import type { LedgerReader } from '../../../src/persistence/ledger-reader.js';
import { writeLedger } from '../../../src/persistence/ledger-writer.js';
import type { Trx } from '../../../src/persistence/store.js';
import { type ArchiveRow, DAY_MS } from '../../../src/retention/archive.table.js';
import { DayTotals, keyOf } from '../../../src/retention/day-totals.js';
import { SNAPSHOT_MARGIN_MS } from '../../../src/retention/snapshot.js';
import { identifierFloor, timeOfIdentifier } from '../../../src/shared/identifier.js';
import { CommandError } from '../exit-codes.js';
import {
  archiveName,
  PARTIAL,
  type ArchiveEnd,
  type ArchiveHead,
  readArchive,
  writeArchive,
} from './archive-file.js';
import { paymentLines } from './archived-lines.js';

/** What became of a day. */
export interface ExportedDay {
  readonly day: string;
  readonly file: string;
  /** `adopted`: a run before was killed after it had written the file. */
  readonly result: 'written' | 'adopted' | 'unchanged';
  readonly payments?: number;
  readonly sha256: string;
}

export interface ExportOptions {
  readonly folder: string;
  /** Days since the epoch, UTC: from this one on, and before that one. */
  readonly fromDay: number;
  readonly toDay: number;
  readonly now: () => number;
}

/**
 * Archives each day with payments, one after the other. A day counts as archived once its file is whole, on the disk, and
 * recorded in the ledger: a run that is killed or fails leaves whole days and nothing else, and the next one goes on.
 */
export async function* exportDays(
  config: DatabaseConfig,
  ledger: LedgerReader,
  { folder, fromDay, toDay, now }: ExportOptions,
): AsyncGenerator<ExportedDay> {
  for (let day = await nextDay(ledger, fromDay); day < toDay; day = await nextDay(ledger, day + 1)) {
    const known = await ledger.read((db) => archiveOf(db, day));
    if (known && !(await ledger.read((db) => hasChanged(db, known)))) {
      yield { day: dayText(day), file: known.file, result: 'unchanged', sha256: known.sha256 };
      continue;
    }
    yield await exportDay(config, ledger, { folder, day, now });
  }
}

async function exportDay(
  config: DatabaseConfig,
  ledger: LedgerReader,
  { folder, day, now }: { folder: string; day: number; now: () => number },
): Promise<ExportedDay> {
  const last = await ledger.read((db) =>
    db.selectFrom('archives').selectAll().orderBy('sequence', 'desc').limit(1).executeTakeFirst(),
  );
  const head: ArchiveHead = {
    archive: 'tollgate',
    format: 1,
    sequence: (last?.sequence ?? 0) + 1,
    day: dayText(day),
    previous: last?.sha256 ?? null,
    snapshotAt: now(),
  };
  const file = archiveName(head);
  const left = existsSync(join(folder, file)) ? await leftOver(folder, file, head) : undefined;
  if (left) {
    await record(config, { ...left.head, file, sha256: left.sha256, day }, left.end);
    return { day: head.day, file, result: 'adopted', payments: left.end.payments, sha256: left.sha256 };
  }
  const totals = new DayTotals();
  let payments = 0;
  const lines = async function* (): AsyncGenerator<string> {
    for await (const line of paymentLines(ledger, day, totals)) {
      payments += 1;
      yield line;
    }
  };
  const end = (): ArchiveEnd => ({ end: true, payments, totals: totals.all });
  const sha256 = await writeArchive(folder, head, lines(), end);
  await record(config, { ...head, file, sha256, day }, end());
  return { day: head.day, file, result: 'written', payments, sha256 };
}

/** The file of a run that was killed before it could record it. Any other is in the way. */
async function leftOver(folder: string, file: string, { day, previous }: ArchiveHead) {
  const left = await readArchive(join(folder, file));
  await rm(join(folder, `${file}${PARTIAL}`), { force: true });
  if (left.head.day === day && left.head.previous === previous) return left;
  throw new CommandError(
    `${join(folder, file)} exists and does not belong to this ledger as it is: export to another folder, or move it away`,
  );
}

/** @throws {CommandError} if another export has recorded a file meanwhile */
async function record(
  config: DatabaseConfig,
  {
    sequence,
    previous,
    day,
    file,
    sha256,
    snapshotAt,
  }: Omit<ArchiveHead, 'day'> & Pick<ArchiveRow, 'day' | 'file' | 'sha256'>,
  { totals }: ArchiveEnd,
): Promise<void> {
  await writeLedger(config, async (trx) => {
    const last = await trx
      .selectFrom('archives')
      .select(['sequence', 'sha256'])
      .orderBy('sequence', 'desc')
      .limit(1)
      .executeTakeFirst();
    if ((last?.sequence ?? 0) + 1 !== sequence || (last?.sha256 ?? null) !== previous)
      throw new CommandError(
        `another export has archived meanwhile: ${file} was written and is not recorded`,
      );
    await trx
      .insertInto('archives')
      .values({ sequence, day, file, sha256, snapshot_at: snapshotAt })
      .execute();
    const before = await trx.selectFrom('archive_totals').selectAll().where('day', '=', day).execute();
    await trx.deleteFrom('archive_totals').where('day', '=', day).execute();
    const deleted = new Map(before.filter((row) => row.deleted_items > 0).map((row) => [keyOf(row), row]));
    const rows = totals.map((total) => {
      const gone = deleted.get(keyOf(total));
      deleted.delete(keyOf(total));
      return {
        ...total,
        day,
        items: total.items + (gone?.deleted_items ?? 0),
        amount_minor: total.amount_minor + (gone?.deleted_amount_minor ?? 0),
        deleted_items: gone?.deleted_items ?? 0,
        deleted_amount_minor: gone?.deleted_amount_minor ?? 0,
      };
    });
    const goneWhole = [...deleted.values()].map((row) => ({
      ...row,
      items: row.deleted_items,
      amount_minor: row.deleted_amount_minor,
    }));
    await trx
      .insertInto('archive_totals')
      .values([...rows, ...goneWhole])
      .execute();
  });
}

function archiveOf(db: Trx, day: number): Promise<ArchiveRow | undefined> {
  return db
    .selectFrom('archives')
    .selectAll()
    .where('day', '=', day)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Whether a payment of the day has changed since its archive: every change of a refund changes its payment's events. */
async function hasChanged(db: Trx, { day, snapshot_at }: ArchiveRow): Promise<boolean> {
  const [from, to] = [identifierFloor('pay', day * DAY_MS), identifierFloor('pay', (day + 1) * DAY_MS)];
  const since = snapshot_at - SNAPSHOT_MARGIN_MS;
  const { rows } =
    await sql`select 1 from payments where id > ${from} and id < ${to} and (updated_at > ${since}
    or exists (select 1 from refunds where refunds.external = payments.external
      and refunds.payment_id = payments.payment_id and refunds.updated_at > ${since})) limit 1`.execute(db);
  return rows.length > 0;
}

/** The first day from `day` on that has payments. */
async function nextDay(ledger: LedgerReader, day: number): Promise<number> {
  const { rows } = await ledger.read((db) =>
    sql<{ id: string | null }>`
      select min(id) as id from payments where id >= ${identifierFloor('pay', day * DAY_MS)}`.execute(db),
  );
  const id = rows[0]?.id;
  return id == null ? Number.POSITIVE_INFINITY : Math.floor(timeOfIdentifier(id) / DAY_MS);
}

function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
