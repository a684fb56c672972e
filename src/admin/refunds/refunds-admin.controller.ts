import { Controller, Get, Header, Req } from '@nestjs/common';
import type { Request } from 'express';
import type { TextAnswer } from '../../http/http-answer.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { Store } from '../../persistence/store.js';
import { AdminQuery } from '../admin-parameters.js';
import { csvAlternative, csvIfPreferred } from '../lists/csv-page.js';
import type { Page } from '../lists/keyset.js';
import { listDescription, pageClass } from '../lists/list-description.js';
import { REFUND_EXAMPLE } from '../records/examples.js';
import { RefundRecord } from '../records/refund-record.js';
import { REFUND_COLUMNS, REFUND_LIST, RefundQuery } from './refund.list.js';

export const RefundPage = pageClass('RefundPage', RefundRecord);

const LIST_REFUNDS = listDescription({
  id: 'listRefunds',
  summary: 'List refunds',
  description:
    'Lists refunds, newest first. Filters can be combined. A page scans at most 2,000 refunds: it may be short or empty while `nextCursor` is not null. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.',
  query: RefundQuery,
  page: RefundPage,
  example: { summary: 'The only page', items: [REFUND_EXAMPLE] },
  alternatives: csvAlternative<RefundRecord>(REFUND_COLUMNS, 'One refund', [REFUND_EXAMPLE]),
});

/** The refunds of all payments, by callers and operators. */
@Controller('admin/refunds')
export class RefundsAdminController {
  constructor(private readonly store: Store) {}

  @Get()
  @RequireScope('admin-read')
  @DescribeOperation(LIST_REFUNDS)
  @Header('Vary', 'Accept')
  async list(
    @AdminQuery() query: RefundQuery,
    @Req() request: Request,
  ): Promise<Page<RefundRecord> | TextAnswer> {
    return csvIfPreferred(request, await REFUND_LIST.page(this.store, query), REFUND_COLUMNS, 'refunds');
  }
}
