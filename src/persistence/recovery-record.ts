/** The key of the {@link RecoveryRecord} in `settings`. */
export const RECOVERY = 'recovery';
/** The key in `settings` of a copy that `tollgate backup` made: the time of the copy, as text. */
export const BACKUP_TIME = 'backup-time';

/**
 * JSON in `settings`: the ledger was restored to an older state, so that externals may have executed what it does not
 * know (SPEC §10). It stays after the end of the recovery, so that the same declaration does not begin it again.
 */
export interface RecoveryRecord {
  /** `variable`: `RECOVERED_FROM`; `backup`: the database is a copy that `tollgate backup` made; `file`: see `LedgerMark`. */
  readonly declaredBy: 'variable' | 'backup' | 'file';
  /** The time of the restored state; null if nothing names it. */
  readonly restoredFrom: number | null;
  /** When a gateway first started on the restored ledger; null until it has. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}
