import type { Selectable } from 'kysely';

/** What operators did, append-only: the database refuses every change of a row (SPEC §10). */
export interface AuditEntryTable {
  /** `aud_…`, ordered by time. */
  id: string;
  at: number;
  /** The name of the credentials; empty where none are required. */
  operator: string;
  /** The `operationId` of the request. */
  action: string;
  result: AuditResult;
  /** The gateway's id of the row that the act is about. */
  subject: string | null;
  external: string | null;
  /** What the act changed, such as `UNKNOWN → ACCEPTED`, or what came of it: a result, or the code of a problem. */
  change: string | null;
  /** The operator's own words, masked. */
  reason: string | null;
  /** The client's address; null where a trusted proxy does not name it. */
  address: string | null;
  request_id: string;
  traceparent: string | null;
}

/**
 * `begun`: the external is called, or decides later; a later entry of the same request says what came of it. `failed`:
 * nothing was done, and `change` says why. `unknown`: it may have been executed. `refused`: the operator lacks the scope.
 */
export type AuditResult = 'begun' | 'done' | 'failed' | 'unknown' | 'refused';

export type AuditEntryRow = Selectable<AuditEntryTable>;

declare module '../persistence/database.js' {
  interface DatabaseSchema {
    audit_entries: AuditEntryTable;
  }
}
