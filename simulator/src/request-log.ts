import type { IncomingHttpHeaders } from 'node:http';
import type { Call, Wire } from './http-server.js';

interface LoggedCall {
  readonly at: number;
  readonly call: Call;
  readonly wire: Wire;
}

const MAX_BYTES = 16_777_216;

/** The last received calls, for the developer of an external. Bodies are parsed only for a report. */
export class RequestLog {
  #calls: LoggedCall[] = [];
  #bytes = 0;

  constructor(private readonly max: number) {}

  add(at: number, call: Call, wire: Wire): void {
    this.#calls.push({ at, call, wire });
    this.#bytes += call.body.length;
    while (this.#calls.length > this.max || this.#bytes > MAX_BYTES) {
      this.#bytes -= this.#calls.shift()!.call.body.length;
    }
  }

  /** The newest `limit` calls, the oldest of them first. `body` is the JSON value, or the text where it is not JSON. */
  report(limit: number): unknown[] {
    return this.#calls.slice(-limit).map(({ at, call, wire }) => ({
      at: new Date(at).toISOString(),
      method: call.method,
      path: call.path,
      query: Object.fromEntries(call.query),
      headers: maskedHeaders(call.headers),
      ...bodyOf(call.body),
      answer: typeof wire === 'string' ? wire : wire.status,
    }));
  }

  clear(): void {
    this.#calls = [];
    this.#bytes = 0;
  }
}

/** The body as a parsed value and as the received text. */
export function bodyOf(body: Buffer): { body?: unknown; rawBody?: string } {
  if (body.length === 0) return {};
  const rawBody = body.toString();
  try {
    return { body: JSON.parse(rawBody) as unknown, rawBody };
  } catch {
    return { body: rawBody, rawBody };
  }
}

const SECRET_HEADER = /authorization|cookie|api-?key|token|secret|password/i;

/** Masks credentials except for the scheme (`Bearer`, `Basic`). */
export function maskedHeaders(headers: IncomingHttpHeaders): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (!SECRET_HEADER.test(name)) return [name, value];
      const scheme = /^(Bearer|Basic) /i.exec(String(value))?.[0] ?? '';
      return [name, `${scheme}***`];
    }),
  );
}
