import { Injectable } from '@nestjs/common';
import type { Trx } from '../../persistence/store.js';
import type { Keyset } from '../lists/keyset.js';
import { type Newest, newest } from '../lists/newest.js';
import { QueryField } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { ExternalFilter, PageQuery } from '../lists/list-query.js';
import { PaymentListRepository } from '../payments/payment-list.repository.js';
import { ATTENTION_KINDS, type AttentionKind, type AttentionRow } from './attention-item.js';
import { ATTENTION_SOURCES } from './attention-sources.js';

export class AttentionQuery extends PageQuery {
  @QueryField(oneOf(ATTENTION_KINDS), { description: 'Items of this kind.' })
  kind?: AttentionKind;

  @ExternalFilter()
  external?: string;
}

/** Of rows; all of them belong to the list, as a rule. */
const LOOK_AT = 1_000;

/** What somebody must look at, of all tables, newest first: each part of it from an index that holds nothing else. */
@Injectable()
export class AttentionRepository {
  constructor(private readonly payments: PaymentListRepository) {}

  /** `keyset` without prefixes. */
  async newest(
    db: Trx,
    { kind, external }: AttentionQuery,
    { above, below, limit }: Keyset,
    nowMs: number,
  ): Promise<Newest<AttentionRow>> {
    const reading = { db, above, below, nowMs };
    const kinds = kind === undefined ? ATTENTION_KINDS : [kind];
    // Only payments of unknown outcome are found by their external.
    const externals =
      external !== undefined
        ? [external]
        : kinds.includes('payment-unknown')
          ? await this.payments.externals(db)
          : [];
    const sources = kinds.flatMap((each) => ATTENTION_SOURCES[each](reading, externals));
    return newest(sources, {
      limit,
      lookAt: LOOK_AT,
      accepts: (row) => !row.settled && (external ?? row.external) === row.external,
    });
  }
}
