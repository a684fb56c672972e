/** The simulator rejects the request and executes nothing: it answers with this status and the message as `detail`. */
export class RequestError extends Error {
  constructor(
    readonly status: 400 | 404 | 422,
    detail: string,
  ) {
    super(detail);
  }
}

/** A JSON object: no array, no null. */
export type JsonObject = Record<string, unknown>;

/** Returns a valid value; throws a 422 {@link RequestError} that names `path` otherwise. */
export type Rule<Value> = (value: unknown, path: string) => Value;

/** Codes of ISO 4217 that ICU does not list. */
const UNITS_OF_ACCOUNT =
  'BOV CHE CHW CLF COU MXV USN UYI UYW VED XAD XAG XAU XBA XBB XBC XBD XPD XPT XTS XUA XXX';

/** The simulator has its own list, so that it can find a currency that the gateway should have rejected. */
const CURRENCIES = new Set([...Intl.supportedValuesOf('currency'), ...UNITS_OF_ACCOUNT.split(' ')]);

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The body as a parsed value and as the received text. */
export function bodyOf(body: Buffer | undefined): { body?: unknown; rawBody?: string } {
  if (!body?.length) return {};
  const rawBody = body.toString();
  try {
    return { body: JSON.parse(rawBody) as unknown, rawBody };
  } catch {
    return { body: rawBody, rawBody };
  }
}

/** Parses a body; throws a 400 {@link RequestError} unless it is a JSON object. */
export function jsonObject(rawBody: Buffer | undefined): JsonObject {
  const { body } = bodyOf(rawBody);
  if (isObject(body)) return body;
  throw new RequestError(400, 'The body is not a JSON object.');
}

/** Reads the field at the end of `path`: `subscriptionInfo.interval` is the `interval` of `object`. */
export function requiredField<Value>(object: JsonObject, path: string, rule: Rule<Value>): Value {
  return rule(object[path.slice(path.lastIndexOf('.') + 1)], path);
}

/** Like {@link requiredField}, but the field may be missing. */
export function optionalField<Value>(object: JsonObject, path: string, rule: Rule<Value>): Value | undefined {
  return requiredField(object, path, (value) => (value === undefined ? undefined : rule(value, path)));
}

export function integerField(min: number, max = Infinity): Rule<number> {
  return (value, path) => {
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max)
      return value as number;
    const range = max === Infinity ? `${min}` : `${min} to ${max}`;
    throw new RequestError(422, `${path} must be an integer from ${range}.`);
  };
}

export function oneOfField<const Value>(values: readonly Value[]): Rule<Value> {
  return (value, path) => {
    if (values.includes(value as Value)) return value as Value;
    throw new RequestError(422, `${path} must be one of ${values.join(', ')}.`);
  };
}

export function textField(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new RequestError(422, `${path} must be a non-empty string.`);
}

export function currencyField(value: unknown, path: string): string {
  if (CURRENCIES.has(value as string)) return value as string;
  throw new RequestError(422, `${path} must be an ISO 4217 code.`);
}

/** Only http and https: the payer's browser follows it. */
export function urlField(value: unknown, path: string): string {
  const isLink =
    typeof value === 'string' &&
    /^(?:https?:\/\/|[a-z][a-z\d+.-]*:)\S+$/i.test(value) &&
    !/^(?:javascript|vbscript|data|blob|file|about):/i.test(value) &&
    URL.canParse(value);
  if (isLink) return value;
  throw new RequestError(422, `${path} must be an http(s) URL or the link of an app.`);
}
