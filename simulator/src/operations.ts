import { createHash } from 'node:crypto';
import type { Response } from 'express';
import { BoundedMap } from './bounded-map.js';
import { sendLater, sendSerialized, type Handler, type Routes, type SimulatorRequest } from './http.js';
import type { Memory, Shelf } from './memory.js';
import { MAX_PAYMENTS, type SimulatorOptions } from './options.js';
import {
  cancel,
  pay,
  payByLink,
  paymentStatus,
  refund,
  refundStatus,
  type Execution,
  type OperationContext,
  type ScenarioCall,
} from './payments.js';
import { isObject, jsonObject, RequestError, type JsonObject } from './request-fields.js';
import { planOf, type Plan, type ScenarioOperation } from './scenarios.js';
import {
  createSubscription,
  expireDataOf,
  expireSubscription,
  paySubscription,
  subscriptionStatus,
  updateSubscription,
} from './subscriptions.js';

const NO_CALLS = { received: 0, executed: 0, replayed: 0 };

type Execute = (context: OperationContext, call: ScenarioCall) => Execution;

/** All calls with one `Idempotency-Key` to one path. */
interface KeyedCalls {
  readonly path: string;
  readonly idempotencyKey: string;
  /** Of the body of the first call; each repeat must have the same. */
  readonly digest: string;
  readonly executions: number;
  /** Serialised. */
  readonly answer: string;
  /** The record that counts the replays. */
  readonly recordId: string;
}

/** The contract's operations (SPEC §1, §2): idempotency key, scenario, execution and answer. */
export class ContractApi {
  /** State-changing calls. Calls that were received but neither executed nor replayed were rejected. */
  readonly counts: { received: number; executed: number; replayed: number };
  readonly routes: Routes = {
    '/pay': { post: this.#execute('pay', pay) },
    '/pay-by-link': { post: this.#execute('pay-by-link', payByLink) },
    '/refund': { post: this.#execute('refund', refund) },
    '/refund/status': { get: this.#read(({ query }) => refundStatus(this.context, query)) },
    '/cancel': { post: this.#execute('cancel', cancel) },
    '/status': { get: this.#read(({ query }) => paymentStatus(this.context, query)) },
    '/subscription/schedule': { post: this.#execute('subscription/schedule', createSubscription) },
    '/subscription/start': { post: this.#execute('subscription/start', createSubscription) },
    '/subscription/pay': { post: this.#execute('subscription/pay', paySubscription) },
    '/subscription/update/:token': { post: this.#execute('subscription/update', updateSubscription) },
    '/subscription/status/:token': {
      get: this.#read(({ params }) => subscriptionStatus(this.context, params.token)),
    },
    '/subscription/expire/:token': { delete: this.#execute('subscription/expire', expireSubscription) },
  };
  readonly #keyed: BoundedMap<KeyedCalls>;
  readonly #counts: Shelf<ContractApi['counts']>;

  constructor(
    private readonly options: SimulatorOptions,
    private readonly context: OperationContext,
    private readonly memory: Memory,
  ) {
    this.#keyed = new BoundedMap({ max: options.maxPayments ?? MAX_PAYMENTS, shelf: memory.shelf('key') });
    this.#counts = memory.shelf('counts');
    const [counts] = this.#counts.load();
    this.counts = counts?.[1] ?? { ...NO_CALLS };
  }

  /** Keys that were executed more than once. */
  repeatedKeys(): KeyedCalls[] {
    return [...this.#keyed.values()].filter(({ executions }) => executions > 1);
  }

  clear(): void {
    this.#keyed.clear();
    this.#count(NO_CALLS);
  }

  #count(counts: Partial<ContractApi['counts']>): void {
    this.#counts.put('calls', Object.assign(this.counts, counts));
  }

  #read(query: (request: SimulatorRequest) => JsonObject): Handler {
    return (request, response) => {
      const answer = JSON.stringify(query(request));
      this.memory.commit();
      sendSerialized(response, 200, answer);
    };
  }

  /** Synchronous from the key's lookup to the stored answer, so that a concurrent repeat cannot execute twice. */
  #execute(operation: ScenarioOperation, execute: Execute): Handler {
    return ({ path, params: { token }, headers, body: rawBody }, response) => {
      this.#count({ received: this.counts.received + 1 });
      const body = operation === 'subscription/expire' ? {} : jsonObject(rawBody);
      const idempotencyKey = (headers['idempotency-key'] as string | undefined) || undefined;
      const digest = digestOf(body);
      const earlier = idempotencyKey && this.#keyed.get(`${path} ${idempotencyKey}`);
      if (earlier && this.options.honourIdempotencyKey !== false) {
        return this.#replay(earlier, digest, response);
      }
      const expireData = operation === 'subscription/expire' && expireDataOf(this.context, token);
      const plan = planOf(operation, expireData || body.providerData);
      if (!plan.executes) return deliver(response, plan, '');
      const executed = execute(this.context, { operation, body, token, plan, idempotencyKey });
      this.#count({ executed: this.counts.executed + 1 });
      const answer = JSON.stringify(executed.answer);
      if (idempotencyKey) {
        const { recordId } = earlier || executed;
        const executions = (earlier ? earlier.executions : 0) + 1;
        const keyed = { path, idempotencyKey, digest, executions, answer, recordId };
        this.#keyed.set(`${path} ${idempotencyKey}`, keyed);
      }
      this.memory.commit();
      deliver(response, plan, answer);
    };
  }

  #replay({ digest, recordId, answer }: KeyedCalls, repeated: string, response: Response): void {
    if (digest !== repeated) {
      throw new RequestError(422, 'This Idempotency-Key was used for a different request.');
    }
    this.context.book.countReplay(recordId);
    this.#count({ replayed: this.counts.replayed + 1 });
    this.memory.commit();
    sendSerialized(response, 200, answer);
  }
}

/**
 * Of the whole request, in any order of its members. `providerData` itself is not remembered: it may hold a
 * card token.
 */
function digestOf(body: JsonObject): string {
  return createHash('sha256').update(JSON.stringify(body, sortedMembers)).digest('hex');
}

function sortedMembers(_name: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const BROKEN_JSON = '{"result": "OK", "paymentId": "sim_';

/** `answer` is empty where the plan does not execute the call. */
function deliver(response: Response, { delivery, delayMs }: Plan, answer: string): void {
  switch (delivery) {
    case 'answer':
      return sendSerialized(response, 200, answer);
    case 'late':
      return sendLater(response, delayMs, () => sendSerialized(response, 200, answer));
    case 'silence':
      response.locals.noAnswer = delivery;
      return;
    case 'reset':
      response.locals.noAnswer = delivery;
      response.socket?.resetAndDestroy();
      return;
    case 'malformed':
      return sendSerialized(response, 200, BROKEN_JSON);
    case 'error-500':
    case 'error-422':
      response.status(delivery === 'error-500' ? 500 : 422).json({ detail: `The scenario is ${delivery}.` });
      return;
    case 'not-supported':
      response.status(404).type('text').send('Not found\n');
      return;
    default:
      delivery satisfies never;
  }
}
