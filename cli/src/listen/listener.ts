import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Secret } from '../../../src/sensitive/secret.js';
import { verifyWebhook } from '../../../src/webhooks/standard-webhooks.js';

const MAX_BODY_BYTES = 1_048_576;
/** The gateway waits 10 s for an answer. */
const FORWARD_TIMEOUT_MS = 9_000;
/** Of a delivery, so that the forwarded one verifies too. */
const FORWARDED_HEADER = /^(?:content-type|user-agent|traceparent|webhook-.*|x-.*)$/;

/** One delivery of a notification; a resend is another one with the same `id`. */
export interface Delivery {
  /** `webhook-id`. */
  readonly id: string | undefined;
  /** From 1. */
  readonly attempt: number;
  /** `payment`, `refund` or `subscription`. */
  readonly event: string | undefined;
  readonly signature:
    'verified' | 'not checked' | 'missing-header' | 'malformed' | 'too-old' | 'too-new' | 'bad-signature';
  /** The JSON value, or the text where it is not JSON. */
  readonly body: unknown;
  readonly answer: number;
  /** Why: `--fail`, a wrong signature, or what the forward target did. */
  readonly reason: string | undefined;
}

export interface ListenerOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly host: string;
  /** `whsec_…`; none: signatures are not checked. */
  readonly secrets: readonly Secret[];
  /** Where verified deliveries are sent on, unchanged; its status is the answer. */
  readonly forwardUrl: string | undefined;
  /** How many deliveries fail before the first is accepted. */
  readonly failures: number;
  /** The status of a failure. */
  readonly failStatus: number;
  readonly now: () => number;
  readonly onDelivery: (delivery: Delivery) => void;
}

export interface Listener {
  readonly url: string;
  /** Ends deliveries in flight, and closes all connections. */
  close(): Promise<void>;
}

/** A receiver of notifications. Rejects where the port is in use. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const attempts = new Map<string, number>();
  const closing = new AbortController();
  let failuresLeft = options.failures;

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'POST') return answer(response, 405);
    const body = await readBody(request);
    if (body === undefined) return answer(response, 413);
    const id = headerOf(request.headers, 'webhook-id');
    const attempt = (attempts.get(id ?? '') ?? 0) + 1;
    if (id !== undefined) attempts.set(id, attempt);
    const signature = signatureOf(request, body, options);
    const end = await endOf();
    answer(response, end.answer);
    options.onDelivery({
      id,
      attempt,
      event: headerOf(request.headers, 'x-tollgate-event'),
      signature,
      body: valueOf(body),
      ...end,
    });

    async function endOf(): Promise<Pick<Delivery, 'answer' | 'reason'>> {
      if (signature !== 'verified' && signature !== 'not checked')
        return { answer: 401, reason: 'signature refused' };
      if (failuresLeft > 0) {
        failuresLeft -= 1;
        return { answer: options.failStatus, reason: 'as --fail says' };
      }
      return options.forwardUrl === undefined
        ? { answer: 200, reason: undefined }
        : forward(options.forwardUrl, request.headers, body!, closing.signal);
    }
  };

  const server = createServer((request, response) => {
    receive(request, response).catch(() => response.destroy());
  }).listen(options.port, options.host);
  await once(server, 'listening');
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`,
    close: async () => {
      closing.abort();
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

function signatureOf(
  { headersDistinct: headers }: IncomingMessage,
  body: Buffer,
  { secrets, now }: ListenerOptions,
): Delivery['signature'] {
  if (secrets.length === 0) return 'not checked';
  const result = verifyWebhook({
    id: headers['webhook-id'],
    timestamp: headers['webhook-timestamp'],
    signature: headers['webhook-signature'],
    body,
    secrets,
    nowMs: now(),
  });
  return result.ok ? 'verified' : result.reason;
}

/** The answer is the target's: a delivery that fails there is sent again by the gateway. */
async function forward(
  url: string,
  headers: IncomingHttpHeaders,
  body: Buffer,
  closing: AbortSignal,
): Promise<Pick<Delivery, 'answer' | 'reason'>> {
  const kept = Object.entries(headers).filter(([name]) => FORWARDED_HEADER.test(name)) as [string, string][];
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: kept,
      body: new Uint8Array(body),
      redirect: 'manual',
      signal: AbortSignal.any([closing, AbortSignal.timeout(FORWARD_TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    return { answer: response.status, reason: `answered by ${url}` };
  } catch (error) {
    const { cause = error } = error as { cause?: unknown };
    const { code, message } = cause as { code?: unknown; message?: unknown };
    return {
      answer: 502,
      reason: `${url} did not answer (${String(typeof code === 'string' ? code : message)})`,
    };
  }
}

/** Undefined where it is too long. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, status: number): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(`{"received":${String(status < 300)}}\n`);
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

function valueOf(body: Buffer): unknown {
  const text = body.toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
