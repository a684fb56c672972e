import { call } from './client.js';

export const CALLERS = 8;

export interface Refusal {
  readonly order: string;
  readonly status: number;
  readonly code: unknown;
  readonly outcome: unknown;
}

/** Callers that pay one order after the other at the external `acme`. */
export interface Load {
  readonly paid: number;
  /** Payments since the last failure. */
  readonly inARow: number;
  readonly lastFailureAt: number;
  readonly refused: readonly Refusal[];
  stop(): Promise<void>;
}

export function startLoad(url: string): Load {
  const load = { paid: 0, inARow: 0, lastFailureAt: -Infinity, refused: [] as Refusal[] };
  let stopped = false;
  const caller = async (number: number): Promise<void> => {
    for (let n = 0; !stopped; n += 1) {
      const order = `load-${number}-${n}`;
      const { status, body } = await pay(url, order);
      if (status === 200) {
        load.paid += 1;
        load.inARow += 1;
        continue;
      }
      load.refused.push({ order, status, code: body['code'], outcome: body['outcome'] });
      load.inARow = 0;
      load.lastFailureAt = performance.now();
    }
  };
  const callers = Array.from({ length: CALLERS }, (_, number) => caller(number));
  return Object.assign(load, {
    async stop() {
      stopped = true;
      await Promise.all(callers);
    },
  });
}

export function pay(url: string, shopTransactionId: string): ReturnType<typeof call> {
  return call(`${url}/v3/acme/pay`, 'POST', { amount: 1, currency: 'EUR', shopTransactionId });
}
