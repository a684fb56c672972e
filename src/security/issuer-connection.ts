import { tracedRequest } from '../observability/tracing/http-client-span.js';
import type { Tracer } from '../observability/tracing/tracer.js';
import type { AddressGuard } from '../outbound/address-guard.js';
import { outboundHttpService } from '../outbound/http-service.js';
import { OutboundClient } from '../outbound/outbound-client.js';

const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 131_072;

/** Reads the documents of an OpenID Connect issuer: 128 KiB and 5 s at most, through the outbound client. */
export class IssuerConnection {
  readonly #client: OutboundClient;
  readonly #http;

  constructor(
    guard: AddressGuard,
    private readonly tracer?: Tracer,
  ) {
    this.#client = new OutboundClient({
      guard,
      connectTimeoutMs: TIMEOUT_MS,
      maxAnswerBytes: MAX_ANSWER_BYTES,
      connections: 2,
      // A late answer on a reused connection would be taken for another document.
      reuseConnections: false,
    });
    this.#http = outboundHttpService(this.#client).axiosRef;
  }

  /** The text of a 200. @throws Error for every other end */
  async get(url: string): Promise<string> {
    const { status, data } = await tracedRequest(this.tracer, 'GET issuer', { method: 'GET', url }, () =>
      this.#http.get<string>(url, {
        headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'tollgate' },
        timeout: TIMEOUT_MS,
        validateStatus: null,
      }),
    );
    if (status !== 200) throw new Error(`the issuer answered ${status}`);
    return data;
  }

  async close(): Promise<void> {
    await this.#client.destroy();
  }
}
