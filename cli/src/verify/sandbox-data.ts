import { readFileSync } from 'node:fs';
import { CURRENCY_CODES } from '../../../src/rules/currency.js';
import { isJsonObject, type JsonValue } from '../../../src/shared/json.js';
import { CommandError, EXIT } from '../exit-codes.js';

type JsonObject = Readonly<Record<string, JsonValue>>;

/** A payment of the external's sandbox. */
export interface SandboxPayment {
  readonly amount?: number;
  readonly currency?: string;
  readonly providerData?: JsonObject;
  /** The `metadata` that the answer has to have, value for value. */
  readonly metadata?: JsonValue;
}

/** What makes the external's sandbox answer so; docs/cli.md describes the file. */
export interface SandboxData {
  readonly accepted: SandboxPayment;
  readonly declined?: SandboxPayment;
  /** PENDING, and final by itself within seconds, with a callback. */
  readonly pending?: SandboxPayment;
  /** REDIRECT_TO_URL, and PENDING until the payer acts. */
  readonly redirect?: SandboxPayment;
  /** Executed at once, answered seconds later. */
  readonly slow?: SandboxPayment;
  readonly currencies: readonly string[];
  /** False: the data of the simulator, which another external need not know. */
  readonly given: boolean;
}

export type SandboxKind = 'declined' | 'pending' | 'redirect' | 'slow';

const CURRENCIES = ['EUR', 'JPY', 'KWD', 'CLF'];
const PAYMENT_KEYS = ['amount', 'currency', 'providerData', 'metadata'];
const KINDS = ['accepted', 'declined', 'pending', 'redirect', 'slow'] as const;

/** Data of the bundled simulator. An external that ignores it accepts these payments. */
export const SIMULATOR_DATA: SandboxData = {
  accepted: {},
  declined: { providerData: { scenario: 'decline' } },
  pending: { providerData: { scenario: 'pending', delayMs: 500 } },
  redirect: { providerData: { scenario: 'redirect' } },
  slow: { providerData: { scenario: 'slow', delayMs: 1_500 } },
  currencies: CURRENCIES,
  given: false,
};

/**
 * Reads the file of `--data`. Kinds that it leaves out are not tried.
 * @throws CommandError with the first problem
 */
export function readSandboxData(path: string): SandboxData {
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CommandError(`--data must be a JSON file; ${path}: ${(error as Error).message}`, EXIT.usage);
  }
  return parseSandboxData(document, path);
}

/** The same for a parsed file; `file` names it in problems. */
export function parseSandboxData(document: unknown, file: string): SandboxData {
  const refuse = (pointer: string, allowed: string): never => {
    throw new CommandError(`${file}#${pointer} must be ${allowed}`, EXIT.usage);
  };
  if (!isJsonObject(document)) return refuse('', 'a JSON object');
  const unknown = Object.keys(document).find((key) => ![...KINDS, 'currencies'].includes(key as 'slow'));
  if (unknown !== undefined) refuse(`/${unknown}`, `left out; keys are ${KINDS.join(', ')} and currencies`);
  const { currencies = CURRENCIES } = document;
  if (!areCodes(currencies)) return refuse('/currencies', 'an array of ISO 4217 codes');
  const payments = KINDS.filter((kind) => document[kind] !== undefined).map((kind) => [
    kind,
    readPayment(document[kind], (member, allowed) => refuse(`/${kind}${member}`, allowed)),
  ]);
  return { accepted: {}, ...(Object.fromEntries(payments) as object), currencies, given: true };
}

function areCodes(codes: unknown): codes is string[] {
  return (
    Array.isArray(codes) && codes.length > 0 && codes.every((code) => CURRENCY_CODES.includes(code as string))
  );
}

function readPayment(value: unknown, refuse: (member: string, allowed: string) => never): SandboxPayment {
  if (!isJsonObject(value)) return refuse('', 'a JSON object');
  const { amount, currency, providerData } = value;
  const unknown = Object.keys(value).find((key) => !PAYMENT_KEYS.includes(key));
  if (unknown !== undefined)
    refuse(`/${unknown}`, 'left out; keys are amount, currency, providerData and metadata');
  if (amount !== undefined && (!Number.isSafeInteger(amount) || (amount as number) < 2))
    refuse('/amount', 'an integer from 2 (minor units)');
  if (currency !== undefined && !CURRENCY_CODES.includes(currency as string))
    refuse('/currency', 'an ISO 4217 code');
  if (providerData !== undefined && !isJsonObject(providerData)) refuse('/providerData', 'a JSON object');
  return value;
}
