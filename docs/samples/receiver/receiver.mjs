// Receives Tollgate's notifications, with Node's standard library only:
// PORT=4000 NOTIFICATION_SECRET=whsec_… node receiver.mjs
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const TOLERANCE_S = 300;
// One secret, or two separated by a space during a rotation.
const keys = process.env.NOTIFICATION_SECRET.split(' ').map((secret) =>
  Buffer.from(secret.replace(/^whsec_/, ''), 'base64'),
);

// Keep these in your database, in the transaction that changes the order.
const processedIds = new Set();
const versions = new Map(); // of payments, refunds and subscriptions
const paidOrders = new Set();

function isGenuine(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (!id || !signatures || !(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_S)) return false;
  const given = signatures.split(' ').map((signature) => Buffer.from(signature));
  return keys.some((key) => {
    const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body);
    const wanted = Buffer.from(`v1,${hmac.digest('base64')}`);
    return given.some((one) => one.length === wanted.length && timingSafeEqual(one, wanted));
  });
}

// Only the signed body counts: headers other than the signature's are not signed.
function subjectOf({ providerName, refundId, subscriptionToken, paymentId, shopTransactionId }) {
  if (refundId) return `${providerName}/refund/${refundId}`;
  if (subscriptionToken) return `${providerName}/subscription/${subscriptionToken}`;
  if (paymentId) return `${providerName}/payment/${paymentId}`;
  // Never executed, or its id is not known yet: the payments of an order share this subject.
  return `${providerName}/order/${shopTransactionId}`;
}

function processOnce(id, event) {
  if (processedIds.has(id)) return;
  processedIds.add(id);
  const subject = subjectOf(event);
  const order = `${event.providerName}/order/${event.shopTransactionId}`;
  const isPayment = !event.refundId && !event.subscriptionToken;
  const isPaid = isPayment && event.status === 'ACCEPTED';
  const newest = versions.get(subject) ?? 0;
  if (event.version <= newest && !(isPaid && subject === order)) return;
  versions.set(subject, Math.max(event.version, newest));
  if (isPaid) paidOrders.add(order);
  else if (isPayment && paidOrders.has(order)) return; // another payment of an order that is paid
  console.log('processed', subject, event.version, event.status);
}

async function receive(request, response) {
  const body = Buffer.concat(await request.toArray());
  const isAccepted = isGenuine(request.headers, body);
  if (isAccepted) processOnce(request.headers['webhook-id'], JSON.parse(body));
  response.writeHead(isAccepted ? 204 : 401).end();
}

const server = createServer((request, response) => {
  receive(request, response).catch(() => response.destroy());
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening', server.address().port));
