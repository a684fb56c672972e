import { isJsonObject } from '../shared/json.js';
import { Refusal } from './refusal.js';

/** The operations that a scenario steers: those that change something (SPEC §1), by their path. */
export type SteeredOperation =
  | 'pay'
  | 'pay-by-link'
  | 'refund'
  | 'subscription/schedule'
  | 'subscription/start'
  | 'subscription/pay'
  | 'subscription/update'
  | 'subscription/expire';

/** How an executed call is put on the wire, or that it is not executed but refused. */
export type Delivery =
  'answer' | 'late' | 'silence' | 'reset' | 'malformed' | 'error-500' | 'error-422' | 'not-supported';

interface Scenario {
  /** What a person is told on the index page and by `--help`. */
  readonly summary: string;
  /** The state at first: that of `finalStatus`, or PENDING, or FAILED. */
  readonly first: 'final' | 'PENDING' | 'FAILED';
  /** What makes it final: the call itself, a timer of `delayMs`, or the payer on the page. */
  readonly settledBy: 'call' | 'timer' | 'payer';
  readonly delivery: Delivery;
  /** Unless `providerData.executed` says otherwise, where {@link executedIsOpen}. */
  readonly executes: boolean;
  /** How often the callback is sent once the state is final. */
  readonly callbacks: number;
}

const AT_ONCE = { first: 'final', settledBy: 'call', executes: true, callbacks: 0 } as const;
const LATER = { first: 'PENDING', settledBy: 'timer', delivery: 'answer', executes: true } as const;

/** Everything that the simulator can be told to do, by `providerData.scenario`. */
export const SCENARIOS = {
  ok: { ...AT_ONCE, delivery: 'answer', summary: 'executed and answered OK (the default)' },
  decline: { ...AT_ONCE, first: 'FAILED', delivery: 'answer', summary: 'answered KO' },
  pending: { ...LATER, callbacks: 1, summary: 'PENDING, final after delayMs, then a callback' },
  redirect: {
    ...LATER,
    settledBy: 'payer',
    callbacks: 1,
    summary: 'REDIRECT_TO_URL, to a page where the payer approves or declines, then a callback',
  },
  timeout: { ...AT_ONCE, delivery: 'silence', summary: 'executed, never answered' },
  slow: { ...AT_ONCE, delivery: 'late', summary: 'executed at once, answered after delayMs' },
  'error-500': {
    ...AT_ONCE,
    executes: false,
    delivery: 'error-500',
    summary: 'answered 500, not executed unless executed is true',
  },
  'error-422': {
    ...AT_ONCE,
    executes: false,
    delivery: 'error-422',
    summary: 'refused with 422 and a detail, not executed',
  },
  malformed: { ...AT_ONCE, delivery: 'malformed', summary: 'executed, answered with broken JSON' },
  reset: { ...AT_ONCE, delivery: 'reset', summary: 'executed, then the connection is cut' },
  'not-supported': {
    ...AT_ONCE,
    executes: false,
    delivery: 'not-supported',
    summary: '404 without JSON, as a missing route',
  },
  'duplicate-callback': {
    ...LATER,
    callbacks: 3,
    summary: 'as pending, and the same callback several times at once',
  },
  'late-success': {
    ...LATER,
    first: 'FAILED',
    callbacks: 1,
    summary: 'KO, but ACCEPTED after delayMs, then a callback',
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as readonly ScenarioName[];

/**
 * Where a scenario means nothing: nobody is redirected to approve a refund, a KO refund that comes true later could not be
 * told by any contract message, and only payments have callbacks.
 */
const MEANINGLESS: Readonly<Partial<Record<SteeredOperation, readonly ScenarioName[]>>> = {
  refund: ['redirect', 'late-success'],
  'subscription/update': ['redirect', 'duplicate-callback'],
  'subscription/expire': ['redirect', 'duplicate-callback'],
};

/** The scenarios that can be asked of `operation`. */
export function scenariosOf(operation: SteeredOperation): readonly ScenarioName[] {
  return SCENARIO_NAMES.filter((name) => !MEANINGLESS[operation]?.includes(name));
}

export type FinalStatus = 'ACCEPTED' | 'FAILED';

/** One call's scenario with its knobs, ready to be carried out. */
export interface Plan {
  readonly scenario: ScenarioName;
  readonly executes: boolean;
  readonly delivery: Delivery;
  readonly first: FinalStatus | 'PENDING';
  readonly settledBy: 'call' | 'timer' | 'payer';
  readonly finalStatus: FinalStatus;
  readonly delayMs: number;
  readonly callbacks: number;
  readonly callbackMethod: 'GET' | 'POST';
}

const DEFAULT_DELAY_MS = 1_000;
const MAX_DELAY_MS = 3_600_000;
const MAX_CALLBACKS = 100;

/** What `providerData` asks of `operation`; throws a 422 {@link Refusal} that lists what is known. */
export function planOf(operation: SteeredOperation, providerData: unknown): Plan {
  const data = isJsonObject(providerData) ? providerData : {};
  const name = (data.scenario ?? 'ok') as ScenarioName;
  const known = scenariosOf(operation);
  if (!known.includes(name)) {
    throw new Refusal(422, `providerData.scenario of ${operation} must be one of ${known.join(', ')}.`);
  }
  const scenario: Scenario = SCENARIOS[name];
  const finalStatus = choice(data, 'finalStatus', ['ACCEPTED', 'FAILED'] as const) ?? 'ACCEPTED';
  const executed = choice(data, 'executed', [true, false]) ?? scenario.executes;
  return {
    scenario: name,
    executes: executedIsOpen(scenario.delivery) ? executed : scenario.executes,
    delivery: scenario.delivery,
    first: scenario.first === 'final' ? finalStatus : scenario.first,
    settledBy: scenario.settledBy,
    finalStatus,
    delayMs: wholeNumber(data, 'delayMs', MAX_DELAY_MS) ?? DEFAULT_DELAY_MS,
    callbacks: wholeNumber(data, 'callbackTimes', MAX_CALLBACKS) ?? scenario.callbacks,
    callbackMethod: choice(data, 'callbackMethod', ['GET', 'POST'] as const) ?? 'POST',
  };
}

/** Faults after which nobody can tell whether it was executed: there the caller of the simulator may choose. */
function executedIsOpen(delivery: Delivery): boolean {
  return ['silence', 'reset', 'malformed', 'error-500'].includes(delivery);
}

function choice<Value>(
  data: Record<string, unknown>,
  name: string,
  values: readonly Value[],
): Value | undefined {
  const value = data[name] as Value | undefined;
  if (value === undefined || values.includes(value)) return value;
  throw new Refusal(422, `providerData.${name} must be one of ${values.join(', ')}.`);
}

function wholeNumber(data: Record<string, unknown>, name: string, max: number): number | undefined {
  const value = data[name];
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max) return value as number;
  throw new Refusal(422, `providerData.${name} must be an integer from 0 to ${max}.`);
}
