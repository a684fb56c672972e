import type { Request } from 'express';
import { TextAnswer } from '../../http/http-answer.js';
import { csvOf } from '../lists/csv.js';
import type { Page } from '../lists/keyset.js';
import type { PaymentRecord } from '../records/payment-record.js';

export const CSV_COLUMNS = [
  'id',
  'external',
  'state',
  'origin',
  'paymentId',
  'shopTransactionId',
  'subscriptionToken',
  'amount',
  'currency',
  'refundedAmount',
  'caller',
  'createdAt',
  'updatedAt',
  'parkedAt',
] as const satisfies readonly (keyof PaymentRecord)[];

const JSON_TYPE = 'application/json';
export const CSV_TYPE = 'text/csv';
const WHOLE_CSV_TYPE = `${CSV_TYPE}; charset=utf-8; header=present`;

export function prefersCsv(request: Request): boolean {
  // Including its parameters, which a caller may request.
  return request.accepts(JSON_TYPE, WHOLE_CSV_TYPE) === WHOLE_CSV_TYPE;
}

/** The page as CSV; `Link` leads to the next page (RFC 8288). */
export function paymentsAsCsv(request: Request, { items, nextCursor }: Page<PaymentRecord>): TextAnswer {
  return new TextAnswer(200, csvOf<PaymentRecord>(CSV_COLUMNS, items), WHOLE_CSV_TYPE, {
    'Content-Disposition': 'attachment; filename="payments.csv"',
    ...(nextCursor !== null && { Link: `<${nextPage(request, nextCursor)}>; rel="next"` }),
  });
}

function nextPage({ originalUrl }: Request, cursor: string): string {
  const [path, query = ''] = originalUrl.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `${path}?${parameters.toString()}`;
}
