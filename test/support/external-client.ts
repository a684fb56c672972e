/** An answer of an external: `body` is the JSON value, or undefined if it is not JSON. */
export interface ExternalReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Record<string, unknown> | undefined;
}

export interface ExternalCallOptions {
  readonly key?: string;
  readonly signal?: AbortSignal;
}

/** Calls an external as the gateway does (SPEC §2), but accepts any answer. Rejects if the connection breaks. */
export class ExternalClient {
  constructor(private readonly baseUrl: string) {}

  post(path: string, body: unknown, options: ExternalCallOptions = {}): Promise<ExternalReply> {
    return this.call('POST', path, options, JSON.stringify(body));
  }

  get(path: string): Promise<ExternalReply> {
    return this.call('GET', path);
  }

  delete(path: string, options: ExternalCallOptions = {}): Promise<ExternalReply> {
    return this.call('DELETE', path, options);
  }

  async call(
    method: string,
    path: string,
    { key, signal }: ExternalCallOptions = {},
    body?: string,
  ): Promise<ExternalReply> {
    const response = await fetch(`${this.baseUrl}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        'x-request-id': 'req-1',
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parsed(text) };
  }
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

let orders = 0;

/** A valid `/pay` body of an order of its own. */
export function payBody(overrides: object = {}): Record<string, unknown> {
  orders += 1;
  return { amount: 1_299, currency: 'EUR', shopTransactionId: `order-${orders}`, ...overrides };
}

/** A valid `/subscription/schedule` body of an order of its own. */
export function subscriptionBody(overrides: object = {}): Record<string, unknown> {
  return payBody({ subscriptionInfo: { interval: 'MONTH', intervalCount: 1 }, ...overrides });
}
