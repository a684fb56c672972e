// Executes one operation exactly once, also if answers get lost, with Node's standard library only:
// node caller.mjs pay '{"amount":1299,"currency":"EUR","shopTransactionId":"order-1001"}'
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const { TOLLGATE_URL = 'http://localhost:8080/v3/simulator', TOLLGATE_KEY, TIMEOUT_S = '20' } = process.env;
const DELAYS_S = [0.5, 1, 2]; // between attempts

// Returns undefined if there is no answer from Tollgate, which says nothing about the outcome.
async function send(method, path, body, key) {
  const headers = { 'Content-Type': 'application/json' };
  if (TOLLGATE_KEY) headers.Authorization = `Bearer ${TOLLGATE_KEY}`;
  if (key) headers['Idempotency-Key'] = key;
  try {
    const response = await fetch(`${TOLLGATE_URL}/${path}`, {
      method,
      headers,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(Number(TIMEOUT_S) * 1000),
    });
    const retryAfterS = Number(response.headers.get('Retry-After') ?? 0);
    return { status: response.status, retryAfterS, body: await response.json() };
  } catch {
    return undefined;
  }
}

// Every attempt has the same key: Tollgate executes the first and answers the others with its result.
async function execute(operation, body, key) {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await send('POST', operation, body, key);
    if (answer?.status === 200) return answer.body;
    const isUnknown = !answer || answer.body.outcome === 'unknown';
    const canRepeat = isUnknown || [429, 502, 503].includes(answer.status);
    if (!canRepeat || attempt === DELAYS_S.length) return answer?.body ?? { outcome: 'unknown' };
    await sleep(Math.max(DELAYS_S[attempt], answer?.retryAfterS ?? 0) * 1000);
  }
}

const [, , operation, json, key = randomUUID()] = process.argv;
const request = JSON.parse(json);
// A real caller stores the key with the order first: after a crash, it sends the same request with the same key.
console.log('key', key);
const answer = await execute(operation, request, key);

if (answer.result === 'OK') {
  console.log('executed', answer.refundId ?? answer.paymentId);
} else if (answer.result === 'REDIRECT_TO_URL') {
  console.log('send the payer to', answer.redirectToUrl ?? answer.redirectToUrlMobile);
} else if (answer.result === 'PENDING') {
  console.log('pending', answer.refundId ?? answer.paymentId); // a notification follows
} else if (answer.result === 'KO') {
  console.log('declined', answer.resultDescription ?? '');
} else if (answer.outcome === 'not-executed') {
  console.log('not executed:', answer.code, answer.detail, answer.paymentStatus ?? '');
  process.exitCode = 1;
} else {
  // Leave the order open. A notification follows; until then, /status answers by the order, too.
  const query = new URLSearchParams({ shopTransactionId: request.shopTransactionId ?? '' });
  const status = request.shopTransactionId && (await send('GET', `status?${query}`));
  console.log('unknown:', answer.code ?? 'no answer', 'status', status?.body?.status ?? 'not known');
  process.exitCode = 2;
}
