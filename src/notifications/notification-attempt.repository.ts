import { Injectable } from '@nestjs/common';
import type { Selectable } from 'kysely';
import { type BatchEntry, BatchStatement } from '../persistence/batch-statement.js';
import { dialectOf } from '../persistence/dialect.js';
import { Statement } from '../persistence/statement.js';
import type { Trx } from '../persistence/store.js';
import { newIdentifier } from '../shared/identifier.js';
import type { NotificationAttemptTable } from './notification.table.js';

export type AttemptRow = Selectable<NotificationAttemptTable>;

export type NotificationAttempt = Omit<AttemptRow, 'id'>;

const APPEND = new Statement<{ readonly rows: readonly AttemptRow[] }>(
  (trx, { rows }) => trx.insertInto('notification_attempts').values(rows),
  { rows: true },
);

/** {@link APPEND} on PostgreSQL: one text for any number of rows, which a session prepares once. */
const APPEND_BATCH = new BatchStatement<AttemptRow & BatchEntry>(
  {
    id: 'text',
    notification_ref: 'text',
    attempt: 'integer',
    at: 'bigint',
    status_code: 'integer',
    duration_ms: 'integer',
    error: 'text',
    answer: 'text',
  },
  `appended as (
    insert into notification_attempts (id, notification_ref, attempt, at, status_code, duration_ms, error, answer)
    select id, notification_ref, attempt, at, status_code, duration_ms, error, answer from entry
  ) select id from entry where false`,
);

/** The attempts of deliveries; append-only. */
@Injectable()
export class NotificationAttemptRepository {
  async append(trx: Trx, attempts: readonly NotificationAttempt[]): Promise<void> {
    if (attempts.length === 0) return;
    const rows = attempts.map((attempt) => ({ id: newIdentifier('att', attempt.at), ...attempt }));
    if (dialectOf(trx) === 'postgres') return APPEND_BATCH.run(trx, rows);
    await APPEND.change(trx, { rows });
  }

  /** The last attempt of each notification. */
  async newest(db: Trx, notifications: readonly string[]): Promise<ReadonlyMap<string, AttemptRow>> {
    if (notifications.length === 0) return new Map();
    const rows = await db
      .selectFrom('notification_attempts')
      .selectAll()
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('notification_attempts')
          .select((last) => last.fn.max('id').as('id'))
          .where('notification_ref', 'in', notifications)
          .groupBy('notification_ref'),
      )
      .execute();
    return new Map(rows.map((row) => [row.notification_ref, row]));
  }
}
