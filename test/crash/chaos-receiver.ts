import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** The notifications of one payment that the receiver acknowledged. */
export interface Told {
  readonly status: string;
  readonly version: number;
  readonly webhookId: string;
}

/** A receiver that is down a third of the time and records what it acknowledged. */
export class ChaosReceiver {
  /** By shopTransactionId, in the order of arrival; only what was acknowledged. */
  readonly told = new Map<string, Told[]>();
  /** Notifications that a receiver must never get. */
  readonly problems: string[] = [];
  readonly #server: Server;
  #calm = false;

  constructor(secret: string, random: () => number) {
    const webhook = new Webhook(secret);
    // Up or down for half a second at a time.
    let down = false;
    setInterval(() => {
      down = !this.#calm && random() < 1 / 3;
    }, 500).unref();
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (down) {
          if (random() < 0.3) request.socket.destroy();
          else response.writeHead(random() < 0.5 ? 500 : 302, { location: '/' }).end();
          return;
        }
        const body = Buffer.concat(chunks).toString();
        try {
          webhook.verify(body, request.headers as Record<string, string>);
        } catch (error) {
          this.problems.push(`a notification with a wrong signature: ${String(error)}`);
        }
        this.#note(body, Number(request.headers['x-payment-version']), String(request.headers['webhook-id']));
        response.writeHead(204).end();
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/notify`;
  }

  calmDown(): void {
    this.#calm = true;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #note(body: string, version: number, webhookId: string): void {
    const { shopTransactionId, status } = JSON.parse(body) as { shopTransactionId: string; status: string };
    const told = this.told.get(shopTransactionId) ?? [];
    this.told.set(shopTransactionId, told);
    const last = told.at(-1);
    if (last && version < last.version) {
      this.problems.push(
        `${shopTransactionId}: version ${version} (${status}) after ${last.version} (${last.status})`,
      );
    }
    if (last && version === last.version && webhookId !== last.webhookId) {
      this.problems.push(`${shopTransactionId}: version ${version} under two ids`);
    }
    told.push({ status, version, webhookId });
  }
}
