import { json, plainText, type Call, type Routes, type Wire } from './http-server.js';
import type { IdempotentAnswers, StoredAnswer } from './idempotent-answers.js';
import type { Execution, PaymentOperations, SteeredCall } from './payment-operations.js';
import { jsonObject, type JsonObject } from './request-fields.js';
import { planOf, type Delivery, type Plan, type SteeredOperation } from './scenario.js';
import type { SubscriptionOperations } from './subscription-operations.js';

/** Calls that asked to change something. What was received and neither executed nor replayed was refused. */
export interface CallTally {
  received: number;
  executed: number;
  /** Answered from memory, by `Idempotency-Key`. */
  replayed: number;
}

/** The external's side of the contract (SPEC §1, §2) over HTTP: key, scenario, execution, and what goes on the wire. */
export class External {
  readonly tally: CallTally = { received: 0, executed: 0, replayed: 0 };

  constructor(
    private readonly payments: PaymentOperations,
    private readonly subscriptions: SubscriptionOperations,
    private readonly answers: IdempotentAnswers,
  ) {}

  routes(): Routes {
    const { payments, subscriptions } = this;
    return {
      'POST /pay': this.#steered('pay', (call) => payments.pay(call)),
      'POST /pay-by-link': this.#steered('pay-by-link', (call) => payments.payByLink(call)),
      'POST /refund': this.#steered('refund', (call) => payments.refund(call)),
      'GET /status': ({ query }) => json(200, payments.status(query)),
      'POST /subscription/schedule': this.#steered('subscription/schedule', (call) =>
        subscriptions.schedule(call),
      ),
      'POST /subscription/start': this.#steered('subscription/start', (call) => subscriptions.start(call)),
      'POST /subscription/pay': this.#steered('subscription/pay', (call) => subscriptions.pay(call)),
      'POST /subscription/update/:': this.#steered('subscription/update', (call) =>
        subscriptions.update(call),
      ),
      'GET /subscription/status/:': ({ parameter }) => json(200, subscriptions.status(parameter)),
      'DELETE /subscription/expire/:': this.#steered('subscription/expire', (call) =>
        subscriptions.expire(call),
      ),
    };
  }

  clear(): void {
    this.answers.clear();
    Object.assign(this.tally, { received: 0, executed: 0, replayed: 0 });
  }

  #steered(operation: SteeredOperation, execute: (call: SteeredCall) => Execution): (call: Call) => Wire {
    return (call) => this.#steer(operation, execute, call);
  }

  /** Between looking for the key and storing the answer nothing waits: concurrent repeats find it executed. */
  #steer(operation: SteeredOperation, execute: (call: SteeredCall) => Execution, call: Call): Wire {
    this.tally.received += 1;
    const body = operation === 'subscription/expire' ? {} : jsonObject(call.body);
    const idempotencyKey = keyOf(call);
    const subject = subjectOf(body);
    const stored = idempotencyKey && this.answers.replay(call.path, idempotencyKey, subject);
    if (stored) {
      this.tally.replayed += 1;
      return reply(stored);
    }
    const expireData = operation === 'subscription/expire' && this.subscriptions.expireDataOf(call.parameter);
    const plan = planOf(operation, expireData || body.providerData);
    if (!plan.executes) return onTheWire(plan, undefined);
    const { answer, record } = execute({ operation, body, token: call.parameter, plan, idempotencyKey });
    this.tally.executed += 1;
    const executed = { status: 200, body: JSON.stringify(answer) };
    if (idempotencyKey) this.answers.store(call.path, idempotencyKey, subject, executed, record);
    return onTheWire(plan, executed);
  }
}

function keyOf({ headers }: Call): string | undefined {
  const key = headers['idempotency-key'];
  return typeof key === 'string' && key !== '' ? key : undefined;
}

/** What a repeat with the same key must have in common with the first call. */
function subjectOf({ amount, currency, shopTransactionId, paymentId }: JsonObject): string {
  return JSON.stringify([amount, currency, shopTransactionId, paymentId]);
}

function reply({ status, body }: StoredAnswer, delayMs = 0): Wire {
  return { status, contentType: 'application/json', body, delayMs };
}

const BROKEN_JSON = '{"result": "OK", "paymentId": "sim_';

/** `executed` is undefined where the plan does not execute. */
function onTheWire(plan: Plan, executed: StoredAnswer | undefined): Wire {
  const delivery: Delivery = plan.delivery;
  switch (delivery) {
    case 'answer':
      return reply(executed!);
    case 'late':
      return reply(executed!, plan.delayMs);
    case 'silence':
    case 'reset':
      return delivery;
    case 'malformed':
      return reply({ status: 200, body: BROKEN_JSON });
    case 'error-500':
      return json(500, { detail: 'This is what scenario error-500 asked for.' });
    case 'error-422':
      return json(422, { detail: 'This is what scenario error-422 asked for.' });
    case 'not-supported':
      return plainText(404, 'Not found\n');
    default:
      return delivery satisfies never;
  }
}
