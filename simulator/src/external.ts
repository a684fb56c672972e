import { json, plainText, type Call, type Routes, type Wire } from './http-server.js';
import type { IdempotentAnswers, StoredAnswer } from './idempotent-answers.js';
import type { Execution, PaymentOperations, ScenarioCall } from './payment-operations.js';
import { jsonObject, type JsonObject } from './request-fields.js';
import { planOf, type Delivery, type Plan, type ScenarioOperation } from './scenario.js';
import type { SubscriptionOperations } from './subscription-operations.js';

/** State-changing calls. Calls that were received but neither executed nor replayed were rejected. */
export interface CallCounts {
  received: number;
  executed: number;
  /** Answered from memory by `Idempotency-Key`. */
  replayed: number;
}

/** The contract's operations (SPEC §1, §2): idempotency key, scenario, execution and response. */
export class External {
  readonly counts: CallCounts = { received: 0, executed: 0, replayed: 0 };

  constructor(
    private readonly payments: PaymentOperations,
    private readonly subscriptions: SubscriptionOperations,
    private readonly answers: IdempotentAnswers,
  ) {}

  routes(): Routes {
    const { payments, subscriptions } = this;
    return {
      'POST /pay': this.#route('pay', (call) => payments.pay(call)),
      'POST /pay-by-link': this.#route('pay-by-link', (call) => payments.payByLink(call)),
      'POST /refund': this.#route('refund', (call) => payments.refund(call)),
      'GET /status': ({ query }) => json(200, payments.status(query)),
      'POST /subscription/schedule': this.#route('subscription/schedule', (call) =>
        subscriptions.schedule(call),
      ),
      'POST /subscription/start': this.#route('subscription/start', (call) => subscriptions.start(call)),
      'POST /subscription/pay': this.#route('subscription/pay', (call) => subscriptions.pay(call)),
      'POST /subscription/update/:': this.#route('subscription/update', (call) => subscriptions.update(call)),
      'GET /subscription/status/:': ({ parameter }) => json(200, subscriptions.status(parameter)),
      'DELETE /subscription/expire/:': this.#route('subscription/expire', (call) =>
        subscriptions.expire(call),
      ),
    };
  }

  clear(): void {
    this.answers.clear();
    Object.assign(this.counts, { received: 0, executed: 0, replayed: 0 });
  }

  #route(operation: ScenarioOperation, execute: (call: ScenarioCall) => Execution): (call: Call) => Wire {
    return (call) => this.#call(operation, execute, call);
  }

  /** Synchronous from the key's lookup to the stored answer, so that a concurrent repeat cannot execute twice. */
  #call(operation: ScenarioOperation, execute: (call: ScenarioCall) => Execution, call: Call): Wire {
    this.counts.received += 1;
    const body = operation === 'subscription/expire' ? {} : jsonObject(call.body);
    const idempotencyKey = keyOf(call);
    const subject = subjectOf(body);
    const stored = idempotencyKey && this.answers.replay(call.path, idempotencyKey, subject);
    if (stored) {
      this.counts.replayed += 1;
      return reply(stored);
    }
    const expireData = operation === 'subscription/expire' && this.subscriptions.expireDataOf(call.parameter);
    const plan = planOf(operation, expireData || body.providerData);
    if (!plan.executes) return wireFor(plan, undefined);
    const { answer, record } = execute({ operation, body, token: call.parameter, plan, idempotencyKey });
    this.counts.executed += 1;
    const executed = { status: 200, body: JSON.stringify(answer) };
    if (idempotencyKey) this.answers.store(call.path, idempotencyKey, subject, executed, record);
    return wireFor(plan, executed);
  }
}

function keyOf({ headers }: Call): string | undefined {
  const key = headers['idempotency-key'];
  return typeof key === 'string' && key !== '' ? key : undefined;
}

/** The fields that must be equal in all calls with one key. */
function subjectOf({ amount, currency, shopTransactionId, paymentId }: JsonObject): string {
  return JSON.stringify([amount, currency, shopTransactionId, paymentId]);
}

function reply({ status, body }: StoredAnswer, delayMs = 0): Wire {
  return { status, contentType: 'application/json', body, delayMs };
}

const BROKEN_JSON = '{"result": "OK", "paymentId": "sim_';

/** `executed` is undefined where the plan does not execute the call. */
function wireFor(plan: Plan, executed: StoredAnswer | undefined): Wire {
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
      return json(500, { detail: 'The scenario is error-500.' });
    case 'error-422':
      return json(422, { detail: 'The scenario is error-422.' });
    case 'not-supported':
      return plainText(404, 'Not found\n');
    default:
      return delivery satisfies never;
  }
}
