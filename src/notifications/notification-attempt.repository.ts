import { Injectable } from '@nestjs/common';
import type { Selectable } from 'kysely';
import { Statement } from '../persistence/statement.js';
import type { Trx } from '../persistence/store.js';
import { newIdentifier } from '../shared/identifier.js';
import type { NotificationAttemptTable } from './notification.table.js';

type AttemptRow = Selectable<NotificationAttemptTable>;

export type NotificationAttempt = Omit<AttemptRow, 'id'>;

const APPEND = new Statement<{ readonly rows: readonly AttemptRow[] }>(
  (trx, { rows }) => trx.insertInto('notification_attempts').values(rows),
  { rows: true },
);

/** The attempts of deliveries; append-only. */
@Injectable()
export class NotificationAttemptRepository {
  async append(trx: Trx, attempts: readonly NotificationAttempt[]): Promise<void> {
    if (attempts.length === 0) return;
    const rows = attempts.map((attempt) => ({ id: newIdentifier('att', attempt.at), ...attempt }));
    await APPEND.change(trx, { rows });
  }
}
