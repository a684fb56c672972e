import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { erasedAmong } from '../erasures/erased-subjects.js';
import type { Trx } from '../persistence/store.js';
import { newIdentifier } from '../shared/identifier.js';
import { PARKED, type StatusQueryRow } from './status-query.table.js';

/** Rows of one payment or refund: older ones are deleted. */
export const KEPT_PER_SUBJECT = 100;

/** Queries of one subject with one source and result, since the last were written. */
export type NewStatusQuery = Omit<StatusQueryRow, 'id'>;

@Injectable()
export class StatusQueryRepository {
  /** Writes queries in a few statements, and keeps the newest rows of each subject. */
  async add(trx: Trx, queries: readonly NewStatusQuery[]): Promise<void> {
    if (queries.length === 0) return;
    const newest = await this.newest(
      trx,
      queries.map(({ subject_ref }) => subject_ref),
    );
    const erased = await erasedAmong(
      trx,
      queries.map(({ subject_ref }) => subject_ref),
    );
    const inserted: StatusQueryRow[] = [];
    for (const noted of queries) {
      const query = erased.has(noted.subject_ref) ? { ...noted, detail: null } : noted;
      const last = newest.get(query.subject_ref);
      if (last && isSame(last, query)) await this.#repeat(trx, last.id, query);
      else {
        const row = { id: newIdentifier('qry', query.first_at), ...query };
        inserted.push(row);
        newest.set(query.subject_ref, row);
      }
    }
    if (inserted.length === 0) return;
    await trx.insertInto('status_queries').values(inserted).execute();
    await this.#prune(trx, new Set(inserted.map(({ subject_ref }) => subject_ref)));
  }

  /** Records when a payment or refund was parked, before its row forgets it. */
  async addParking(trx: Trx, subjectRef: string, parkedAtMs: number): Promise<void> {
    const at = { first_at: parkedAtMs, last_at: parkedAtMs, times: 1 };
    await trx
      .insertInto('status_queries')
      .values({
        id: newIdentifier('qry', parkedAtMs),
        subject_ref: subjectRef,
        source: 'reconciliation',
        cause: null,
        result: PARKED,
        detail: null,
        ...at,
      })
      .execute();
  }

  /** The last query of each subject, the parking left out. */
  async newest(db: Trx, subjectRefs: readonly string[]): Promise<Map<string, StatusQueryRow>> {
    if (subjectRefs.length === 0) return new Map();
    const rows = await db
      .selectFrom('status_queries')
      .selectAll()
      .where('id', 'in', (query) =>
        query
          .selectFrom('status_queries')
          .select(({ fn }) => fn.max('id').as('id'))
          .where('subject_ref', 'in', [...new Set(subjectRefs)])
          .where('result', '!=', PARKED)
          .groupBy('subject_ref'),
      )
      .execute();
    return new Map(rows.map((row) => [row.subject_ref, row]));
  }

  /** The last answer since `sinceMs` that says how the payment has ended. */
  decidedSince(trx: Trx, subjectRef: string, sinceMs: number): Promise<StatusQueryRow | undefined> {
    return trx
      .selectFrom('status_queries')
      .selectAll()
      .where('subject_ref', '=', subjectRef)
      .where('result', 'in', ['ACCEPTED', 'FAILED'])
      .where('last_at', '>', sinceMs)
      .orderBy('last_at', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /** All rows move to the payment that absorbs another. */
  async moveSubject(trx: Trx, fromRef: string, toRef: string): Promise<void> {
    await trx
      .updateTable('status_queries')
      .set({ subject_ref: toRef })
      .where('subject_ref', '=', fromRef)
      .execute();
  }

  async #repeat(trx: Trx, id: string, { times, last_at, cause }: NewStatusQuery): Promise<void> {
    await trx
      .updateTable('status_queries')
      .set((eb) => ({ times: eb('times', '+', times), last_at, cause }))
      .where('id', '=', id)
      .execute();
  }

  async #prune(trx: Trx, subjectRefs: ReadonlySet<string>): Promise<void> {
    const { rows } = await sql<{ subject_ref: string }>`
      select subject_ref from status_queries where subject_ref in (${sql.join([...subjectRefs])})
      group by subject_ref having count(*) > ${KEPT_PER_SUBJECT}`.execute(trx);
    for (const { subject_ref } of rows) {
      await sql`
        delete from status_queries where subject_ref = ${subject_ref} and id <= (
          select id from status_queries where subject_ref = ${subject_ref}
          order by id desc limit 1 offset ${KEPT_PER_SUBJECT})`.execute(trx);
    }
  }
}

function isSame(last: StatusQueryRow, { source, result, detail }: NewStatusQuery): boolean {
  return last.source === source && last.result === result && last.detail === detail;
}
