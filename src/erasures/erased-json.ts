import { isJsonObject } from '../shared/json.js';

/** The members of answers, problems and notifications that no external or payer chooses the words of. */
const KEPT = new Set([
  'result',
  'status',
  'paymentId',
  'refundId',
  'subscriptionToken',
  'shopTransactionId',
  'paymentStatus',
  'providerName',
  'amount',
  'currency',
  'version',
  'type',
  'title',
  'code',
  'instance',
  'requestId',
  'outcome',
]);

/**
 * The stored JSON of an answer or a notification without its texts: `metadata`, `action`, redirect URLs, descriptions. An
 * answer that sent the payer to a URL becomes PENDING, and a link is empty.
 */
export function erasedJson(stored: string): string {
  const value: unknown = JSON.parse(stored);
  if (!isJsonObject(value)) return '{}';
  const kept = Object.fromEntries(Object.entries(value).filter(([name]) => KEPT.has(name)));
  if (kept['result'] === 'REDIRECT_TO_URL') kept['result'] = 'PENDING';
  if ('link' in value) kept['link'] = '';
  return JSON.stringify(kept);
}
