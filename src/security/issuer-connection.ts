import { Agent, request } from 'undici';
import type { AddressGuard } from './address-guard.js';

const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 262_144;

/** Asks an OpenID Connect issuer: through the address guard, without redirects, 256 KiB and 5 s at most. */
export class IssuerConnection {
  readonly #agent: Agent;

  constructor(guard: AddressGuard) {
    this.#agent = new Agent({ connect: guard.connector({ timeout: TIMEOUT_MS }), connections: 2 });
  }

  /** The text of a 200. Rejects for every other end. */
  async get(url: string): Promise<string> {
    const { statusCode, body } = await request(url, {
      headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'tollgate' },
      dispatcher: this.#agent,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await readBounded(body);
    if (statusCode !== 200) throw new Error(`the issuer answered ${statusCode}`);
    return text;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('the issuer’s answer is over 256 KiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
