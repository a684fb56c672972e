/**
 * A process for tests to stop: sends one POST to the origin of its first argument for each line that it reads, through
 * one {@link OutboundClient}, and prints the status of each answer, or why there is none.
 */
import { writeSync } from 'node:fs';
import { AddressGuard } from '../../src/outbound/address-guard.js';
import { Exchange, ExchangeBroken } from '../../src/outbound/exchange.js';
import { OutboundClient } from '../../src/outbound/outbound-client.js';

const client = new OutboundClient({
  guard: new AddressGuard({ blockPrivateAddresses: false }),
  connectTimeoutMs: 5_000,
  maxAnswerBytes: 1_000,
});

process.stdin.on('data', () => {
  const exchange = new Exchange({
    method: 'POST',
    origin: process.argv[2]!,
    target: '/pay',
    headers: {},
    body: '{}',
  });
  client.send(exchange).then(
    ({ status }) => writeSync(1, `${status}\n`),
    (error: unknown) => writeSync(1, `${error instanceof ExchangeBroken ? error.reason : 'internal'}\n`),
  );
});
writeSync(1, 'ready\n');
