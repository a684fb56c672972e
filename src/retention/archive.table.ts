import type { Selectable } from 'kysely';

/** The files of `tollgate export`, in the order of their chain (SPEC §10). */
export interface ArchiveTable {
  /** From 1; the number in the file's name. */
  sequence: number;
  /** Days since the epoch (UTC) on which its payments were made. A later file of a day replaces an earlier one. */
  day: number;
  file: string;
  /** The digest of the file, which the next one names. */
  sha256: string;
  /** What changed after this time may be missing in it. */
  snapshot_at: number;
}

/** Payments of an archived day and their refunds, by their state in the archive: they stay when the rows are deleted. */
export interface ArchiveTotalTable {
  day: number;
  subject: ArchivedSubject;
  external: string;
  /** Empty for payments whose currency the gateway does not know. */
  currency: string;
  state: string;
  /** In the ledger when it was archived, and deleted before. */
  items: number;
  amount_minor: number;
  /** Those of them that RETENTION has deleted. */
  deleted_items: number;
  deleted_amount_minor: number;
}

export type ArchivedSubject = 'payment' | 'refund';

export type ArchiveRow = Selectable<ArchiveTable>;
export type ArchiveTotalRow = Selectable<ArchiveTotalTable>;

/** A sum of a day, without what was deleted. */
export type DayTotal = Omit<ArchiveTotalRow, 'day' | 'deleted_items' | 'deleted_amount_minor'>;

export const DAY_MS = 86_400_000;

declare module '../persistence/database.js' {
  interface DatabaseSchema {
    archives: ArchiveTable;
    archive_totals: ArchiveTotalTable;
  }
}
