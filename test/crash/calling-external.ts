import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface ReceivedCall {
  readonly url: URL;
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const ANSWER_TIMEOUT_MS = 5_000;
const RETRY_MS = 150;

/** An external that repeats each of its signed callbacks until it is acknowledged. */
export class CallingExternal {
  readonly secret = `whsec_${randomBytes(32).toString('base64')}`;
  /** Callbacks that were acknowledged, and attempts that were not. */
  acknowledged = 0;
  refused = 0;
  /** Set before the first callback: the gateway's `/v3/{external}/callback`. */
  callbackUrl = '';
  readonly #server: Server;
  readonly #lives = new Set<Promise<void>>();
  #lastRefusal = '';
  #count = 0;
  #closed = false;

  /** `answer`: undefined is a 404. */
  constructor(answer: (call: ReceivedCall) => object | undefined) {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const content = answer({
          url: new URL(request.url!, 'http://external'),
          key: String(request.headers['idempotency-key'] ?? ''),
          body: text ? (JSON.parse(text) as ReceivedCall['body']) : {},
        });
        response.writeHead(content ? 200 : 404, { 'content-type': 'application/json' });
        response.end(JSON.stringify(content ?? { message: 'never seen' }));
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#closed = true;
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Runs what happens at the external by itself, beside its calls. */
  live(life: () => Promise<void>): void {
    const running = life().finally(() => this.#lives.delete(running));
    this.#lives.add(running);
  }

  /** Waits until everything has happened and is acknowledged; returns what is missing after `withinMs`. */
  async end(withinMs: number): Promise<string[]> {
    const deadline = Date.now() + withinMs;
    while (this.#lives.size > 0) {
      if (Date.now() > deadline)
        return [`${this.#lives.size} callbacks are not acknowledged, the last one: ${this.#lastRefusal}`];
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return [];
  }

  /** Resolves once the gateway has acknowledged it. Every attempt has the same `webhook-id`. */
  async call(content: object): Promise<void> {
    const body = JSON.stringify(content);
    const id = `msg_${(this.#count += 1)}`;
    while (!this.#closed) {
      if (await this.#attempt(id, body)) {
        this.acknowledged += 1;
        return;
      }
      this.refused += 1;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #attempt(id: string, body: string): Promise<boolean> {
    const now = new Date();
    try {
      const response = await fetch(this.callbackUrl, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
          'webhook-signature': new Webhook(this.secret).sign(id, now, body),
        },
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      this.#lastRefusal = `${response.status} ${await response.text()}`;
      return response.ok;
    } catch (error) {
      this.#lastRefusal = String(error);
      return false;
    }
  }
}
