import { RequestError } from './request-error.js';

/** A JSON object: no array, no null. */
export type JsonObject = Record<string, unknown>;

/** The fields that every payment has, validated as an external would: enough to reject nonsense. */
export interface PaymentFields {
  readonly amount: number;
  readonly currency: string;
  readonly shopTransactionId: string;
  readonly successRedirectUrl: string | undefined;
  readonly failureRedirectUrl: string | undefined;
}

/** The simulator has its own list, so that it can find a currency that the gateway should have rejected. */
const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses a body; throws a 400 {@link RequestError} unless it is a JSON object. */
export function jsonObject(body: Buffer): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw new RequestError(400, 'The body is not JSON.');
  }
  if (!isJsonObject(value)) throw new RequestError(400, 'The body is not a JSON object.');
  return value;
}

export function paymentFields(body: JsonObject, minimumAmount: 0 | 1): PaymentFields {
  return {
    amount: amount(body, minimumAmount),
    currency: currency(body),
    shopTransactionId: text(body, 'shopTransactionId'),
    successRedirectUrl: httpUrl(body, 'successRedirectUrl'),
    failureRedirectUrl: httpUrl(body, 'failureRedirectUrl'),
  };
}

export function amount(body: JsonObject, minimum: 0 | 1): number {
  const value = body.amount;
  if (Number.isSafeInteger(value) && (value as number) >= minimum) return value as number;
  throw new RequestError(422, `amount must be an integer from ${minimum} (minor units).`);
}

export function currency(body: JsonObject): string {
  const value = text(body, 'currency');
  if (CURRENCIES.has(value)) return value;
  throw new RequestError(422, 'currency must be an ISO 4217 code.');
}

export function text(body: JsonObject, name: string): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new RequestError(422, `${name} must be a non-empty string.`);
}

/** `subscriptionInfo`; an empty object where the request has none. */
export function subscriptionInfo(body: JsonObject): JsonObject {
  const value = body.subscriptionInfo ?? {};
  if (isJsonObject(value)) return value;
  throw new RequestError(422, 'subscriptionInfo must be an object.');
}

export function interval(info: JsonObject): 'DAY' | 'MONTH' {
  if (info.interval === 'DAY' || info.interval === 'MONTH') return info.interval;
  throw new RequestError(422, 'subscriptionInfo.interval must be DAY or MONTH.');
}

export function count(info: JsonObject, name: string): number {
  const value = info[name];
  if (Number.isInteger(value) && (value as number) >= 1) return value as number;
  throw new RequestError(422, `subscriptionInfo.${name} must be an integer from 1.`);
}

/** An optional integer; `parent` is the path in front of the name in the error, such as `providerData.`. */
export function optionalInteger(
  body: JsonObject,
  name: string,
  [min, max]: readonly [number, number],
  parent = '',
): number | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw new RequestError(422, `${parent}${name} must be an integer from ${min} to ${max}.`);
}

/** Only http and https: the payer's browser follows it. */
function httpUrl(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value)) return value;
  throw new RequestError(422, `${name} must be an http(s) URL.`);
}
