import { randomBytes } from 'node:crypto';

export type Operation = 'pay' | 'status';

/** Where requests go: through a gateway, or straight to the external. */
export interface Target {
  readonly port: number;
  /** `/v3/acme`, or empty for the external itself. */
  readonly prefix: string;
}

export const API_KEY = 'benchmark-key-of-no-value';

/** What a right answer holds: an error page with status 200 is no answer. */
export const EXPECTED: Readonly<Record<Operation, string>> = {
  pay: '"result":"OK"',
  status: '"status":"ACCEPTED"',
};

/** Letters only: digits might add up to a card number, which is refused. */
const run = [...randomBytes(10)].map((byte) => String.fromCodePoint(0x61 + (byte % 26))).join('');
let count = 0;

/** Requests as they go over the wire, each with an `Idempotency-Key` and an order of its own. */
export function requestsOf(operation: Operation, { port, prefix }: Target): () => string {
  const credentials = prefix === '' ? '' : `Authorization: Bearer ${API_KEY}\r\n`;
  const common = `Host: 127.0.0.1:${port}\r\n${credentials}`;
  if (operation === 'status') {
    return () => `GET ${prefix}/status?paymentId=pm_${run}-${count++} HTTP/1.1\r\n${common}\r\n`;
  }
  const head = `POST ${prefix}/pay HTTP/1.1\r\n${common}Content-Type: application/json\r\n`;
  return () => {
    const id = `${run}-${count++}`;
    const body =
      `{"amount":1299,"currency":"EUR","shopTransactionId":"${id}",` +
      '"successRedirectUrl":"https://shop.example.com/thanks","failureRedirectUrl":"https://shop.example.com/sorry",' +
      '"providerData":{"scenario":"ok","customer":{"id":"c-17","language":"it"}}}';
    return `${head}Idempotency-Key: ${id}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
}
