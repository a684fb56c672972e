/** What every notification of the drain is about. The loop without Tollgate sends the same bytes. */
export const PAYLOAD = {
  status: 'ACCEPTED',
  paymentId: 'pm_3b0c5f1e7a9d4c8fb2e6',
  shopTransactionId: 'order-1001',
  providerName: 'acme',
} as const;

export const REQUEST_ID = 'req_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10';
export const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Tollgate's default, and the loop's. */
export const CONCURRENCY = 32;
