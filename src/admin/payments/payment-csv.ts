import type { Request, Response } from 'express';
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
  // With its parameters, as a caller may ask for them too.
  return request.accepts(JSON_TYPE, WHOLE_CSV_TYPE) === WHOLE_CSV_TYPE;
}

/** The page as CSV; the next one's address, where there is one, is in `Link` (RFC 8288). */
export function sendPaymentsAsCsv(
  request: Request,
  response: Response,
  { items, nextCursor }: Page<PaymentRecord>,
): void {
  const body = csvOf<PaymentRecord>(CSV_COLUMNS, items);
  response.setHeader('Content-Type', WHOLE_CSV_TYPE);
  response.setHeader('Content-Disposition', 'attachment; filename="payments.csv"');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  if (nextCursor !== null) response.setHeader('Link', `<${nextPage(request, nextCursor)}>; rel="next"`);
  response.end(body);
}

function nextPage({ originalUrl }: Request, cursor: string): string {
  const [path, query = ''] = originalUrl.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `${path}?${parameters.toString()}`;
}
