import type { ServerResponse } from 'node:http';
import { createReceiver, type Receipt, type ReceiverOptions } from './notification-receiver.js';
import { type NodeRequest, processingError, rawBodyOf, TOO_LARGE } from './raw-body.js';

/** A request handler of Express 4 and 5, and of Node's own server. */
export type ExpressReceiver = (
  request: NodeRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/**
 * The handler of a route that receives notifications: `app.post('/hooks/tollgate', expressReceiver({ … }))`, before
 * `express.json()`. It passes what `process` throws to `next`.
 */
export function expressReceiver<Transaction>(options: ReceiverOptions<Transaction>): ExpressReceiver {
  const receiver = createReceiver(options);
  return async (request, response, next) => {
    try {
      const rawBody = await rawBodyOf(request);
      const receipt = rawBody ? await receiver.receive(rawBody, request.headers) : TOO_LARGE;
      answer(response, receipt);
    } catch (error) {
      next(processingError(error));
    }
  };
}

function answer(response: ServerResponse, { status, ...receipt }: Receipt): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(receipt));
}
