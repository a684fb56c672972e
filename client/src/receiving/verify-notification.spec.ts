import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { NotificationError, type NotificationHeaders, verifyNotification } from '../index.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const ID = 'ntf_1';
const TIMESTAMP_S = 1_769_428_800;
const NOW_MS = TIMESTAMP_S * 1_000;
const PAYMENT = {
  status: 'ACCEPTED',
  paymentId: 'pm_1',
  shopTransactionId: 'Bestellung ä☃',
  providerName: 'acme',
  version: 2,
};

const bytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

/** The headers of a body that the reference implementation signed. */
function signed(
  body: unknown,
  { secret = SECRET, id = ID, timestampS = TIMESTAMP_S } = {},
): Record<string, string> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampS),
    'webhook-signature': new Webhook(secret).sign(id, new Date(timestampS * 1_000), text),
    'x-tollgate-event': 'payment',
  };
}

const verify = (body: unknown, headers: NotificationHeaders, secrets: string | string[] = SECRET) =>
  verifyNotification(bytes(body), headers, secrets, { now: () => NOW_MS });

async function reasonOf(verification: Promise<unknown>): Promise<string> {
  const error: unknown = await verification.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NotificationError)) throw new Error('not a NotificationError', { cause: error });
  return error.reason;
}

describe('verifyNotification', () => {
  it('accepts what the reference implementation signed, and reads it', async () => {
    expect(await verify(PAYMENT, signed(PAYMENT))).toEqual({
      event: 'payment',
      id: ID,
      sentAt: new Date(NOW_MS),
      data: PAYMENT,
    });
  });

  it.each<[string, (headers: Record<string, string>) => NotificationHeaders]>([
    ['Headers', (headers) => new Headers(headers)],
    [
      'an object with names in any case',
      (headers) => ({ ...headers, 'webhook-id': undefined, 'Webhook-Id': ID }),
    ],
    [
      'lists of values',
      (headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    ],
  ])('takes headers as %s', async (_, given) => {
    expect(await verify(PAYMENT, given(signed(PAYMENT)))).toMatchObject({ id: ID });
  });

  it('takes a body as bytes, buffer or text', async () => {
    const text = JSON.stringify(PAYMENT);
    for (const body of [text, Buffer.from(text), bytes(text).slice().buffer])
      expect(await verifyNotification(body, signed(PAYMENT), SECRET, { now: () => NOW_MS })).toMatchObject({
        id: ID,
      });
  });

  it('accepts any of the secrets, and any of the signatures', async () => {
    expect(await verify(PAYMENT, signed(PAYMENT), [OTHER, SECRET])).toMatchObject({ id: ID });
    expect(await verify(PAYMENT, signed(PAYMENT), `${OTHER} ${SECRET}`)).toMatchObject({ id: ID });
    const headers = signed(PAYMENT);
    headers['webhook-signature'] = `v1a,AAAA v1,AAAA ${headers['webhook-signature']}`;
    expect(await verify(PAYMENT, headers)).toMatchObject({ id: ID });
  });

  it('says what a notification is about by its signed body', async () => {
    const refund = { ...PAYMENT, refundId: 'rf_1', amount: 1, currency: 'EUR' };
    expect(await verify(refund, signed(refund))).toMatchObject({ event: 'refund' });
    const subscription = { status: 'ACTIVE', subscriptionToken: 'sub_1', providerName: 'acme', version: 1 };
    expect(await verify(subscription, signed(subscription))).toMatchObject({ event: 'subscription' });
  });

  it.each(['refund', 'foo', ''])('does not read the header, which is not signed: %j', async (event) => {
    const headers = { ...signed(PAYMENT), 'x-tollgate-event': event };
    expect(await verify(PAYMENT, headers)).toMatchObject({ event: 'payment', data: PAYMENT });
  });

  it.each([
    ['no id that is known', { disputeId: 'dp_1', status: 'OPENED', providerName: 'acme', version: 1 }],
    ['the id of a payment', { ...PAYMENT, disputeId: 'dp_1', status: 'OPENED' }],
  ])('knows a later kind by the status in its signed body: %s', async (_, body) => {
    expect(await verify(body, signed(body))).toMatchObject({ event: 'unknown', data: body });
  });

  it.each<[string, string, Record<string, string>]>([
    ['another body', 'bad-signature', signed({ ...PAYMENT, status: 'FAILED' })],
    ['another secret', 'bad-signature', signed(PAYMENT, { secret: OTHER })],
    ['the signature of another id', 'bad-signature', { ...signed(PAYMENT), 'webhook-id': 'ntf_2' }],
    [
      'the signature of another time',
      'bad-signature',
      { ...signed(PAYMENT), 'webhook-timestamp': String(TIMESTAMP_S + 1) },
    ],
    [
      'the signature under another version',
      'bad-signature',
      {
        ...signed(PAYMENT),
        'webhook-signature': signed(PAYMENT)['webhook-signature']!.replace('v1,', 'v2,'),
      },
    ],
    ['a notification of six minutes ago', 'too-old', signed(PAYMENT, { timestampS: TIMESTAMP_S - 360 })],
    ['a notification of the future', 'too-new', signed(PAYMENT, { timestampS: TIMESTAMP_S + 360 })],
    ['no signature', 'missing-header', { ...signed(PAYMENT), 'webhook-signature': '' }],
    ['no headers', 'missing-header', {}],
    ['an id with a full stop', 'malformed', { ...signed(PAYMENT), 'webhook-id': 'ntf.1' }],
    ['a time in words', 'malformed', { ...signed(PAYMENT), 'webhook-timestamp': 'now' }],
    ['a signature without a version', 'malformed', { ...signed(PAYMENT), 'webhook-signature': 'AAAA' }],
  ])('refuses %s: %s', async (_, reason, headers) => {
    expect(await reasonOf(verify(PAYMENT, headers))).toBe(reason);
  });

  it('refuses repeated headers', async () => {
    const headers = { ...signed(PAYMENT), 'webhook-id': [ID, ID] };
    expect(await reasonOf(verify(PAYMENT, headers))).toBe('malformed');
  });

  it('verifies bytes: two bodies that are both invalid UTF-8 are not the same', async () => {
    const [sent, other] = [Uint8Array.of(0x7b, 0xff, 0x7d), Uint8Array.of(0x7b, 0xfe, 0x7d)];
    const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
    const { createHmac } = await import('node:crypto');
    const hmac = createHmac('sha256', key).update(`${ID}.${TIMESTAMP_S}.`).update(sent).digest('base64');
    const headers = { ...signed(''), 'webhook-signature': `v1,${hmac}` };
    const options = { now: () => NOW_MS };
    // Proven, and then not JSON.
    expect(await reasonOf(verifyNotification(sent, headers, SECRET, options))).toBe('malformed');
    expect(await reasonOf(verifyNotification(other, headers, SECRET, options))).toBe('bad-signature');
  });

  it.each([
    ['text', 'paid'],
    ['a list', [PAYMENT]],
    ['no version', { ...PAYMENT, version: undefined }],
    ['a version in a text', { ...PAYMENT, version: '2' }],
    ['no providerName', { ...PAYMENT, providerName: undefined }],
    ['a paymentId that is a number', { ...PAYMENT, paymentId: 1 }],
  ])('refuses a signed body that is no notification: %s', async (_, body) => {
    expect(await reasonOf(verify(body, signed(body)))).toBe('malformed');
  });

  it.each([
    ['without its prefix', SECRET.slice('whsec_'.length)],
    ['that is not base64', 'whsec_%%%'],
    ['that is empty', ''],
    ['in an empty list', []],
  ])('throws a TypeError for a secret %s', async (_, secret) => {
    await expect(verify(PAYMENT, signed(PAYMENT), secret)).rejects.toThrow(TypeError);
  });
});
