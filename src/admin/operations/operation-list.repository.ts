import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { OperationRow } from '../../operations/operation.table.js';
import type { PaymentState } from '../../payments/payment-state.js';
import type { Trx } from '../../persistence/store.js';
import type { Keyset } from '../lists/keyset.js';
import { type Newest, newest, type Source } from '../lists/newest.js';
import { QueryField } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { ExternalFilter, TimeRangeQuery } from '../lists/list-query.js';

export class OperationQuery extends TimeRangeQuery {
  @QueryField(oneOf(['unknown']), {
    description: 'Operations that may have been executed: the only value, and the default.',
  })
  outcome?: 'unknown';

  @ExternalFilter()
  external?: string;
}

/** With the current state of its payment. */
export type UnknownOperation = OperationRow & { readonly payment_state: PaymentState | null };

/** Operations of unknown outcome (SPEC §8). All others are found by their payment. */
@Injectable()
export class OperationListRepository {
  async newest(db: Trx, filter: OperationQuery, keyset: Keyset): Promise<Newest<UnknownOperation>> {
    const { external } = filter;
    const found = await newest([unknown(db, keyset)], {
      limit: keyset.limit,
      accepts: external === undefined ? undefined : (row) => row.external === external,
    });
    return { rows: await this.#whole(db, found.rows), next: found.next };
  }

  async #whole(db: Trx, found: readonly Filtered[]): Promise<UnknownOperation[]> {
    if (found.length === 0) return [];
    const ids = found.map(({ id }) => id);
    const rows = await db
      .selectFrom('operations')
      .leftJoin('payments', 'payments.id', 'operations.payment_ref')
      .selectAll('operations')
      .select('payments.state as payment_state')
      .where('operations.id', 'in', ids)
      .execute();
    return rows.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  }
}

type Filtered = Pick<OperationRow, 'id' | 'external'>;

function unknown(db: Trx, { above, below }: Keyset): Source<Filtered> {
  return (limit) =>
    db
      .selectFrom('operations')
      .select(['id', 'external'])
      // A literal, so that the index is found.
      .where('state', '=', sql.lit('unknown'))
      .where('id', '>=', above)
      .where('id', '<', below)
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
}
