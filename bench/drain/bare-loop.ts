/**
 * Notifications without a gateway, as one would write them: sign, send, read the answer, the next one. Nothing is
 * queued and nothing is kept. A process of its own: `bare-loop.ts URL SECRET COUNT` sends COUNT to warm up, then as
 * many again, and prints how many of those it sent in a second.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { CONCURRENCY, PAYLOAD, REQUEST_ID, TRACEPARENT } from './notification.js';

const [url, secret, countText] = process.argv.slice(2) as [string, string, string];
const { origin, pathname } = new URL(url);
const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
const count = Number(countText);
const body = JSON.stringify(PAYLOAD);
const pool = new Pool(origin, { connections: CONCURRENCY });

async function send(): Promise<void> {
  const id = `ntf_${randomUUID()}`;
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  const answer = await pool.request({
    method: 'POST',
    path: pathname,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'tollgate',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
      'x-payment-version': '1',
      'x-request-id': REQUEST_ID,
      traceparent: TRACEPARENT,
    },
    body,
  });
  await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`the receiver answered ${answer.statusCode}`);
}

/** Milliseconds for `count` of them. */
async function sendAll(): Promise<number> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await send();
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  return performance.now() - startedAt;
}

await sendAll();
const before = process.cpuUsage();
const elapsedMs = await sendAll();
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ rate: (count * 1_000) / elapsedMs, cpuMicros: (user + system) / count }));
await pool.close();
