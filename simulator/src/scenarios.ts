import { integerField, isObject, oneOfField, optionalField, type Rule } from './request-fields.js';

/** The operations that a scenario controls: those that change something (SPEC §1), by path. */
export type ScenarioOperation =
  | 'pay'
  | 'pay-by-link'
  | 'refund'
  | 'cancel'
  | 'subscription/schedule'
  | 'subscription/start'
  | 'subscription/pay'
  | 'subscription/update'
  | 'subscription/expire';

/** How the simulator responds to the call; some responses come without an execution. */
export type Delivery =
  'answer' | 'late' | 'silence' | 'reset' | 'malformed' | 'error-500' | 'error-422' | 'not-supported';

interface Scenario {
  /** Shown on the index page and by `--help`. */
  readonly summary: string;
  /** The first state; `final` is `finalStatus`. */
  readonly first: 'final' | 'PENDING' | 'FAILED';
  /** What makes the state final: the call, a timer of `delayMs`, or the payer on the checkout page. */
  readonly settledBy: 'call' | 'timer' | 'payer';
  readonly delivery: Delivery;
  /** `providerData.executed` overrides it for {@link UNKNOWN_EXECUTION}. */
  readonly executes: boolean;
  /** The number of callbacks sent once the state is final. */
  readonly callbacks: number;
  /** The state after the final one: the operation is undone after `delayMs`. */
  readonly reversed?: true;
  /** The subscription is PAST_DUE after `delayMs` and CANCELED after as much again, each with `callbacks` that name it. */
  readonly lapses?: true;
}

const IMMEDIATE = { first: 'final', settledBy: 'call', executes: true, callbacks: 0 } as const;
const DELAYED = { first: 'PENDING', settledBy: 'timer', delivery: 'answer', executes: true } as const;

/** All values of `providerData.scenario`. */
export const SCENARIOS = {
  ok: { ...IMMEDIATE, delivery: 'answer', summary: 'executed and answered OK (the default)' },
  decline: { ...IMMEDIATE, first: 'FAILED', delivery: 'answer', summary: 'answered KO' },
  pending: { ...DELAYED, callbacks: 1, summary: 'PENDING, final after delayMs, then a callback' },
  redirect: {
    ...DELAYED,
    settledBy: 'payer',
    callbacks: 1,
    summary: 'REDIRECT_TO_URL, to a page where the payer approves or declines, then a callback',
  },
  'cancel-refused': {
    ...DELAYED,
    settledBy: 'payer',
    callbacks: 1,
    summary: 'like redirect, and its cancellation is answered KO; of a cancellation: KO',
  },
  timeout: { ...IMMEDIATE, delivery: 'silence', summary: 'executed, never answered' },
  slow: { ...IMMEDIATE, delivery: 'late', summary: 'executed at once, answered after delayMs' },
  'error-500': {
    ...IMMEDIATE,
    executes: false,
    delivery: 'error-500',
    summary: 'answered 500, not executed unless executed is true',
  },
  'error-422': {
    ...IMMEDIATE,
    executes: false,
    delivery: 'error-422',
    summary: 'rejected with 422 and a detail, not executed',
  },
  malformed: { ...IMMEDIATE, delivery: 'malformed', summary: 'executed, answered with broken JSON' },
  reset: { ...IMMEDIATE, delivery: 'reset', summary: 'executed, then the connection is cut' },
  'not-supported': {
    ...IMMEDIATE,
    executes: false,
    delivery: 'not-supported',
    summary: '404 without JSON, like a missing route',
  },
  'duplicate-callback': {
    ...DELAYED,
    callbacks: 3,
    summary: 'like pending, with the same callback several times at once',
  },
  'late-success': {
    ...DELAYED,
    first: 'FAILED',
    callbacks: 1,
    summary:
      'KO, but ACCEPTED after delayMs, then a callback; of a cancellation: OK, and the payment ACCEPTED then',
  },
  'refund-pending': {
    ...DELAYED,
    callbacks: 1,
    summary: 'a refund: PENDING, final after delayMs, then a callback that names the refund',
  },
  'refund-reversed': {
    ...DELAYED,
    first: 'final',
    callbacks: 1,
    reversed: true,
    summary: 'a refund: OK, but sent back after delayMs, then a callback that names the refund',
  },
  'subscription-lapses': {
    ...IMMEDIATE,
    delivery: 'answer',
    callbacks: 1,
    lapses: true,
    summary:
      'a subscription: paid, but PAST_DUE after delayMs and CANCELED after as much again, each with a callback that names it',
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as readonly ScenarioName[];

const OF_REFUNDS = ['refund-pending', 'refund-reversed'] as const;

const OF_STARTS = ['subscription-lapses'] as const;

/**
 * Scenarios without a meaning for an operation: a payer does not approve a refund, and only payments and refunds have
 * callbacks. Those of {@link OF_REFUNDS} are for refunds alone, those of {@link OF_STARTS} for what starts a subscription.
 */
const UNSUPPORTED: Readonly<Partial<Record<ScenarioOperation, readonly ScenarioName[]>>> = {
  refund: ['redirect', 'cancel-refused'],
  cancel: ['redirect', 'duplicate-callback'],
  'subscription/update': ['redirect', 'cancel-refused', 'duplicate-callback'],
  'subscription/expire': ['redirect', 'cancel-refused', 'duplicate-callback'],
};

/** The scenarios that `operation` supports. */
export function scenariosOf(operation: ScenarioOperation): readonly ScenarioName[] {
  const starts = operation === 'subscription/schedule' || operation === 'subscription/start';
  const others: readonly ScenarioName[] = [
    ...(operation === 'refund' ? [] : OF_REFUNDS),
    ...(starts ? [] : OF_STARTS),
  ];
  return SCENARIO_NAMES.filter((name) => ![...others, ...(UNSUPPORTED[operation] ?? [])].includes(name));
}

export type FinalStatus = 'ACCEPTED' | 'FAILED';

/** The scenario of one call with its parameters. */
export interface Plan extends Omit<Scenario, 'first'> {
  readonly scenario: ScenarioName;
  readonly first: FinalStatus | 'PENDING';
  readonly finalStatus: FinalStatus;
  readonly delayMs: number;
  readonly callbackMethod: 'GET' | 'POST';
}

const DEFAULT_DELAY_MS = 1_000;
const MAX_DELAY_MS = 3_600_000;
const MAX_CALLBACKS = 100;
/** The gateway cannot know whether these calls were executed, so `providerData.executed` decides. */
const UNKNOWN_EXECUTION: readonly Delivery[] = ['silence', 'reset', 'malformed', 'error-500'];

/** Reads the plan from `providerData`; throws a 422 {@link RequestError} that lists the supported scenarios. */
export function planOf(operation: ScenarioOperation, providerData: unknown): Plan {
  const data = isObject(providerData) ? providerData : {};
  const parameter = <Value>(name: string, rule: Rule<Value>): Value | undefined =>
    optionalField(data, `providerData.${name}`, rule);
  const path = `providerData.scenario of ${operation}`;
  const name = oneOfField(scenariosOf(operation))(data.scenario ?? 'ok', path);
  const scenario: Scenario = SCENARIOS[name];
  const finalStatus = parameter('finalStatus', oneOfField(['ACCEPTED', 'FAILED'])) ?? 'ACCEPTED';
  const executed = parameter('executed', oneOfField([true, false])) ?? scenario.executes;
  return {
    ...scenario,
    scenario: name,
    first: scenario.first === 'final' ? finalStatus : scenario.first,
    finalStatus,
    executes: UNKNOWN_EXECUTION.includes(scenario.delivery) ? executed : scenario.executes,
    delayMs: parameter('delayMs', integerField(0, MAX_DELAY_MS)) ?? DEFAULT_DELAY_MS,
    callbacks: parameter('callbackTimes', integerField(0, MAX_CALLBACKS)) ?? scenario.callbacks,
    callbackMethod: parameter('callbackMethod', oneOfField(['GET', 'POST'])) ?? 'POST',
  };
}
