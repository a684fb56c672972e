import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ScenarioName, SCENARIOS } from '@tollgate/simulator';
import { CommandError, EXIT } from '../exit-codes.js';

export interface TriggerRequest {
  /** The simulator at the gateway: `http://localhost:8080/v3/simulator`. */
  readonly url: string;
  readonly apiKey: string | undefined;
  readonly scenario: ScenarioName;
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  /** How long a payment that is PENDING is waited for; 0: not at all. */
  readonly waitMs: number;
}

/** One call to the gateway, or the last status. */
export interface Step {
  readonly call: string;
  /** HTTP. */
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Problems that a scenario is meant to cause: the external's fault, not the request's. */
const MEANT =
  /^(?:provider-error|provider-timeout|provider-rejected|invalid-provider-response|operation-not-supported)$/;
const POLL_MS = 250;

/**
 * Makes a payment of a new order (and its refund, or a subscription) that ends as the scenario says.
 * @throws CommandError where the gateway cannot be reached, or refuses the request
 */
export async function* trigger(request: TriggerRequest): AsyncGenerator<Step> {
  const { scenario, amount, currency, waitMs } = request;
  const shopTransactionId = `trigger-${randomBytes(4).toString('hex')}`;
  const payment = { amount, currency, shopTransactionId };
  if (scenario === 'subscription-lapses') {
    yield send(request, 'POST', '/subscription/start', {
      ...payment,
      subscriptionInfo: { interval: 'MONTH', intervalCount: 1 },
      providerData: { scenario },
    });
    return;
  }
  const isOfRefund = scenario === 'refund-pending' || scenario === 'refund-reversed';
  const paid = await send(request, 'POST', '/pay', {
    ...payment,
    providerData: { scenario: isOfRefund ? 'ok' : scenario },
  });
  yield paid;
  const { paymentId } = paid.body;
  if (isOfRefund) {
    yield send(request, 'POST', '/refund', { amount, currency, paymentId, providerData: { scenario } });
    return;
  }
  if (SCENARIOS[scenario].settledBy !== 'timer' || waitMs === 0) return;
  yield settled(request, shopTransactionId, waitMs);
}

/** The status once it is what the scenario ends with. */
async function settled(request: TriggerRequest, shopTransactionId: string, waitMs: number): Promise<Step> {
  const query = new URLSearchParams({ shopTransactionId }).toString();
  const deadline = performance.now() + waitMs;
  for (;;) {
    const step = await send(request, 'GET', `/status?${query}`);
    if (step.body['status'] === 'ACCEPTED' || performance.now() > deadline) return step;
    await sleep(POLL_MS);
  }
}

async function send(
  { url, apiKey }: TriggerRequest,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<Step> {
  let response: Response;
  try {
    response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(apiKey && { 'x-api-key': apiKey }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch (error) {
    const { cause = error } = error as { cause?: { code?: string } };
    const reason = (cause as { code?: string }).code ?? (error as Error).message;
    throw new CommandError(
      `${url} cannot be reached (${reason}); start it: tollgate start`,
      EXIT.unreachable,
    );
  }
  const text = await response.text();
  const answer = jsonOf(text);
  if (answer === undefined)
    throw new CommandError(
      `${url}${path} answered ${response.status} without JSON: is it a Tollgate gateway?`,
    );
  const { code, detail, title } = answer as { code?: string; detail?: string; title?: string };
  if (!response.ok && !MEANT.test(code ?? ''))
    throw new CommandError(
      `the gateway answered ${response.status} ${code ?? ''}: ${detail ?? title ?? text}`,
    );
  return { call: `${method} ${path}`, status: response.status, body: answer };
}

function jsonOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
