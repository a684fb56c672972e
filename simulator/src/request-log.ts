import type { IncomingHttpHeaders } from 'node:http';
import type { Response } from 'express';
import type { SimulatorRequest } from './http.js';
import { bodyOf } from './request-fields.js';

interface LoggedCall {
  readonly at: number;
  readonly request: SimulatorRequest;
  readonly response: Response;
}

/** One received call. */
export interface ReportedCall {
  /** ISO 8601. */
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly headers: Readonly<Record<string, unknown>>;
  /** The JSON value, or the text where it is not JSON. */
  readonly body?: unknown;
  readonly rawBody?: string;
  /** The status, or the reason why there was no answer. */
  readonly answer: number | string;
}

const MAX_CALLS = 1_000;
const MAX_BYTES = 16_777_216;

/** The last received calls, for the developer of an external. Bodies are parsed only for a report. */
export class RequestLog {
  #calls: LoggedCall[] = [];
  #bytes = 0;

  add(request: SimulatorRequest, response: Response): void {
    this.#calls.push({ at: Date.now(), request, response });
    this.#bytes += request.body?.length ?? 0;
    while (this.#calls.length > MAX_CALLS || this.#bytes > MAX_BYTES) {
      this.#bytes -= this.#calls.shift()!.request.body?.length ?? 0;
    }
  }

  /** The newest `limit` calls, the oldest of them first. */
  report(limit = MAX_CALLS): ReportedCall[] {
    return this.#calls.slice(-limit).map(({ at, request, response }) => ({
      at: new Date(at).toISOString(),
      method: request.method,
      path: request.path,
      query: request.query,
      headers: maskedHeaders(request.headers),
      ...bodyOf(request.body),
      answer: (response.locals.noAnswer as string | undefined) ?? response.statusCode,
    }));
  }

  clear(): void {
    this.#calls = [];
    this.#bytes = 0;
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
