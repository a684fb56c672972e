import { answerJson, startStubExternal, type StubExternal } from './stub-external.js';

/** An external that executes every request that reaches it, and knows its payments by their order. */
export interface RememberingExternal extends StubExternal {
  /** How many payments and refunds it has executed. */
  executed(): number;
}

/** The `paymentId` of an order is `pm-ORDER`, so that a second payment of it shows in the count alone. */
export async function ordersOfExternal(): Promise<RememberingExternal> {
  const paid = new Set<string>();
  let executed = 0;
  const external = await startStubExternal(({ method, url, body }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://external');
    if (method === 'POST') {
      executed += 1;
      const { shopTransactionId } = JSON.parse(body) as { shopTransactionId?: string };
      if (pathname !== '/pay') return { result: 'OK' };
      paid.add(shopTransactionId!);
      return { result: 'OK', paymentId: `pm-${shopTransactionId}` };
    }
    const order = searchParams.get('shopTransactionId') ?? searchParams.get('paymentId')?.slice('pm-'.length);
    if (order !== undefined && paid.has(order))
      return { status: 'ACCEPTED', shopTransactionId: order, paymentId: `pm-${order}` };
    answerJson(response, 404, { detail: 'unknown' });
    return undefined;
  });
  return { ...external, executed: () => executed };
}
