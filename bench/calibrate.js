/**
 * Measures how fast the processor is just now: does the same work at each message and answers with the CPU milliseconds
 * that it took. A mixture of what servers do: objects, JSON, texts, maps, hashes.
 */
import { createHash } from 'node:crypto';

const payment = { amount: 1299, currency: 'EUR', shopTransactionId: 'order-1001', tags: ['a', 'b', 'c'] };

function work() {
  const seen = new Map();
  for (let round = 0; round < 20_000; round += 1) {
    const text = JSON.stringify({ ...payment, round });
    const copy = JSON.parse(text);
    seen.set(
      `${copy.shopTransactionId}:${round}`,
      text.split(',').map((part) => part.toUpperCase()),
    );
    if (round % 8 === 0) createHash('sha256').update(text).digest('base64url');
  }
  return seen.size;
}

for (let warmUp = 0; warmUp < 20; warmUp += 1) work();
process.on('message', () => {
  const before = process.cpuUsage();
  for (let repeat = 0; repeat < 4; repeat += 1) work();
  const { user, system } = process.cpuUsage(before);
  process.send((user + system) / 1_000);
});
process.send('ready');
