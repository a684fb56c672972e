import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { LedgerReader } from './ledger-reader.js';

interface Received {
  readonly webhookId: string;
  readonly version: number;
  readonly status: string | undefined;
}

/** A receiver that may be down a third of the time, and checks the order and the signature of what it acknowledges. */
export class AuditedReceiver {
  readonly secret = `whsec_${randomBytes(32).toString('base64')}`;
  readonly problems: string[] = [];
  refused = 0;
  /** By refundId, paymentId or subscriptionToken; only what was acknowledged, in the order of arrival. */
  readonly #received = new Map<string, Received[]>();
  readonly #acknowledged = new Set<string>();
  readonly #server: Server;
  #calm: boolean;

  constructor(
    readonly name: string,
    { fails, random }: { readonly fails: boolean; readonly random: () => number },
  ) {
    this.#calm = !fails;
    let down = false;
    setInterval(() => {
      down = !this.#calm && random() < 1 / 3;
    }, 100).unref();
    const webhook = new Webhook(this.secret);
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (down) {
          this.refused += 1;
          if (random() < 0.3) request.socket.destroy();
          else response.writeHead(500).end();
          return;
        }
        const body = Buffer.concat(chunks).toString();
        try {
          webhook.verify(body, request.headers as Record<string, string>);
        } catch (error) {
          this.problems.push(`${name}: a notification with a wrong signature: ${String(error)}`);
        }
        this.#note(body, String(request.headers['webhook-id']));
        response.writeHead(204).end();
      });
    });
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** The status in the last notification about a payment, refund or subscription; undefined: there was none. */
  newestStatus(id: string): string | undefined {
    return this.#received.get(id)?.at(-1)?.status;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/notify`;
  }

  calmDown(): void {
    this.#calm = true;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** What the ledger has queued for this receiver, and what of it never arrived. */
  async audit(ledger: LedgerReader): Promise<string[]> {
    const rows = await ledger.query<{ id: string; state: string; newest: number; payment_ref: string }>(
      `select id, state, newest, payment_ref from notifications where receiver = '${this.name}'`,
    );
    const newest = rows.filter((row) => row.newest === 1);
    const lost = newest.filter(({ id, state }) => state !== 'DELIVERED' || !this.#acknowledged.has(id));
    const without = new Set(rows.map((row) => row.payment_ref)).size - newest.length;
    return [
      ...this.problems,
      ...lost.map(
        ({ id, state }) => `${this.name}: the newest notification ${id} is ${state} and did not arrive`,
      ),
      ...(without === 0 ? [] : [`${this.name}: ${without} subjects have no newest notification`]),
    ];
  }

  #note(body: string, webhookId: string): void {
    const { paymentId, refundId, subscriptionToken, version, status } = JSON.parse(body) as {
      paymentId?: string;
      refundId?: string;
      subscriptionToken?: string;
      version: number;
      status?: string;
    };
    const subject = refundId ?? paymentId ?? subscriptionToken;
    this.#acknowledged.add(webhookId);
    // Of a payment that nobody knows the id of, the order may have several.
    if (subject === undefined) return;
    const received = this.#received.get(subject) ?? [];
    this.#received.set(subject, received);
    const last = received.at(-1);
    if (last && version < last.version)
      this.problems.push(`${this.name}: ${subject} got version ${version} after ${last.version}`);
    if (last && version === last.version && webhookId !== last.webhookId)
      this.problems.push(`${this.name}: ${subject} got version ${version} under two ids`);
    received.push({ webhookId, version, status });
  }
}

/** Resolves when no notification waits or is leased. */
export async function untilDelivered(ledger: LedgerReader, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const [row] = await ledger.query<{ open: number | string }>(
      'select count(*) as open from notifications where next_attempt_at is not null or lease_until is not null',
    );
    if (Number(row!.open) === 0) return;
    // The audit names them.
    if (Date.now() > deadline) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
