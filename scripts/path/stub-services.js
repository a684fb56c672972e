import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 5;
const WITHIN_MS = 30_000;

/**
 * An external and a receiver of notifications that answer at once. They run outside of the gateway's process: the
 * bundled simulator would use files of the gateway's own, which would be counted.
 */
export class StubServices {
  /** What becomes of the next payment: `pending` until its status is queried, or executed and `unanswered`. */
  nextPayment = 'accepted';
  /** How many of the next deliveries the receiver answers with 503. */
  refusedDeliveries = 0;
  /** Deliveries answered with 200. */
  delivered = 0;
  /** By paymentId. */
  #orders = new Map();
  #server = createServer((request, response) => void this.#answer(request, response));

  static async start() {
    const services = new StubServices();
    services.#server.listen(0, '127.0.0.1');
    await once(services.#server, 'listening');
    return services;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  async until(condition) {
    const deadline = Date.now() + WITHIN_MS;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error('The gateway does not call');
      await sleep(POLL_MS);
    }
  }

  async stop() {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer(request, response) {
    const body = Buffer.concat(await request.toArray()).toString();
    const { pathname, searchParams } = new URL(request.url, this.url);
    const send = (status, answer) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
    switch (pathname) {
      case '/pay': {
        const paymentId = `pm_${randomUUID()}`;
        this.#orders.set(paymentId, JSON.parse(body).shopTransactionId);
        const outcome = this.nextPayment;
        this.nextPayment = 'accepted';
        if (outcome === 'unanswered') return response.destroy();
        return send(200, { result: outcome === 'pending' ? 'PENDING' : 'OK', paymentId });
      }
      case '/refund':
        return send(200, { result: 'OK' });
      case '/status': {
        const [paymentId, shopTransactionId] = [...this.#orders].find(
          ([id, order]) =>
            id === searchParams.get('paymentId') || order === searchParams.get('shopTransactionId'),
        );
        return send(200, { status: 'ACCEPTED', paymentId, shopTransactionId });
      }
      case '/receiver': {
        if (this.refusedDeliveries === 0) {
          this.delivered += 1;
          return send(200, {});
        }
        // The worker polls from this answer on: at a random moment, it keeps in step with no other worker.
        await sleep(Math.random() * 500);
        this.refusedDeliveries -= 1;
        return send(503, {});
      }
      default:
        return send(404, {});
    }
  }
}
