import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ReplayRequest } from '../notifications/replay-request.js';
import { PayRequest } from '../payments/payment-requests.js';
import {
  PayAnswer,
  PayByLinkAnswer,
  PaymentStatusAnswer,
  SubscriptionChargeAnswer,
  SubscriptionPayAnswer,
} from '../providers/answers.js';
import { RefundRequest } from '../refunds/refund-request.js';
import {
  SubscriptionPayRequest,
  SubscriptionStartRequest,
  SubscriptionUpdateRequest,
} from '../subscriptions/subscription-requests.js';
import { readContract } from './contract-reader.js';

const PAY = { amount: 1299, currency: 'EUR', shopTransactionId: 'order-1' };
const REFUND = { amount: 1, currency: 'JPY', paymentId: 'p' };
const INFO = { interval: 'MONTH', intervalCount: 1 };
const START = { ...PAY, subscriptionInfo: INFO };

function pointersOf(type: new () => object, body: unknown): string[] {
  const result = readContract(type, body, { unknownFields: 'refuse' });
  return result.ok ? [] : result.errors.map(({ pointer }) => pointer);
}

const url = (length: number): string => `https://shop.example/${'a'.repeat(length - 21)}`;
const deep = (levels: number): object =>
  JSON.parse(`${'{"a":'.repeat(levels)}{}${'}'.repeat(levels)}`) as object;
/** Compact JSON of `{"a":"…"}` has 8 bytes beside the text. */
const bytes = (size: number): object => ({ a: 'x'.repeat(size - 8) });

/** The errors of `body`, as pointer and detail. */
function errorsOf(type: new () => object, body: unknown): string[] {
  const result = readContract(type, body, { unknownFields: 'refuse' });
  return result.ok ? [] : result.errors.map(({ pointer, detail }) => `${pointer} ${detail}`);
}

describe('requests', () => {
  it('are refused with a detail that names what is wrong and what is allowed', () => {
    expect(errorsOf(PayRequest, { amount: 0, currency: 'eur', tpyo: 1 })).toEqual([
      '/tpyo is not a field of this operation',
      '/amount must be an integer from 1 to 999,999,999,999 (minor units)',
      '/currency must be an ISO 4217 alphabetic code in upper case',
      '/shopTransactionId is missing',
    ]);
  });

  it.each<[string, new () => object, object]>([
    [
      'pay with all fields',
      PayRequest,
      {
        ...PAY,
        successRedirectUrl: 'http://a.b/c?d=e#f',
        failureRedirectUrl: 'HTTPS://A.b',
        providerData: {},
      },
    ],
    ['the smallest amount', PayRequest, { ...PAY, amount: 1 }],
    ['the largest amount', PayRequest, { ...PAY, amount: 999_999_999_999 }],
    [
      '1e3, which is 1000 in JSON',
      PayRequest,
      JSON.parse('{"amount":1e3,"currency":"EUR","shopTransactionId":"a"}') as object,
    ],
    ['a currency without minor units', PayRequest, { ...PAY, currency: 'JPY' }],
    ['255 characters', PayRequest, { ...PAY, shopTransactionId: 'x'.repeat(255) }],
    [
      '255 code points that are 510 UTF-16 units',
      PayRequest,
      { ...PAY, shopTransactionId: '💶'.repeat(255) },
    ],
    ['a URL of 2,048', PayRequest, { ...PAY, successRedirectUrl: url(2_048) }],
    ['providerData of 64 KiB', PayRequest, { ...PAY, providerData: bytes(65_536) }],
    ['providerData 1,000 levels deep', PayRequest, { ...PAY, providerData: deep(999) }],
    [
      'prototype names inside providerData',
      PayRequest,
      { ...PAY, providerData: JSON.parse('{"__proto__":1,"constructor":{}}') as object },
    ],
    ['a refund', RefundRequest, REFUND],
    ['a free first period', SubscriptionStartRequest, { ...START, amount: 0 }],
    [
      'a subscription that ends',
      SubscriptionStartRequest,
      { ...START, subscriptionInfo: { ...INFO, interval: 'DAY', expiresAfter: 1 } },
    ],
    ['a subscription payment', SubscriptionPayRequest, { ...PAY, subscriptionInfo: { token: 't' } }],
    ['an update of the price', SubscriptionUpdateRequest, { amount: 0, currency: 'EUR' }],
    ['an update of one field', SubscriptionUpdateRequest, { shopTransactionId: 'a' }],
  ])('accepts %s', (_name, type, body) => {
    expect(pointersOf(type, body)).toEqual([]);
  });

  it.each<[string, new () => object, unknown, string[]]>([
    ['0', PayRequest, { ...PAY, amount: 0 }, ['/amount']],
    ['-1', PayRequest, { ...PAY, amount: -1 }, ['/amount']],
    ['one too many', PayRequest, { ...PAY, amount: 1_000_000_000_000 }, ['/amount']],
    ['12.5', PayRequest, { ...PAY, amount: 12.5 }, ['/amount']],
    ['2^53', PayRequest, { ...PAY, amount: 2 ** 53 }, ['/amount']],
    ['a number as a string', PayRequest, { ...PAY, amount: '1299' }, ['/amount']],
    ['true', PayRequest, { ...PAY, amount: true }, ['/amount']],
    ['null', PayRequest, { ...PAY, amount: null }, ['/amount']],
    ['nothing at all', PayRequest, {}, ['/amount', '/currency', '/shopTransactionId']],
    ['eur', PayRequest, { ...PAY, currency: 'eur' }, ['/currency']],
    ['an unknown currency', PayRequest, { ...PAY, currency: 'EUX' }, ['/currency']],
    ['an empty id', PayRequest, { ...PAY, shopTransactionId: '' }, ['/shopTransactionId']],
    ['256 characters', PayRequest, { ...PAY, shopTransactionId: 'x'.repeat(256) }, ['/shopTransactionId']],
    ['a control character', PayRequest, { ...PAY, shopTransactionId: 'a\u0000b' }, ['/shopTransactionId']],
    ['a lone surrogate', PayRequest, { ...PAY, shopTransactionId: '\ud800' }, ['/shopTransactionId']],
    ['a zero-width space', PayRequest, { ...PAY, shopTransactionId: 'a\u200b' }, ['/shopTransactionId']],
    ['an id that is a number', PayRequest, { ...PAY, shopTransactionId: 7 }, ['/shopTransactionId']],
    ['a relative URL', PayRequest, { ...PAY, successRedirectUrl: '/thanks' }, ['/successRedirectUrl']],
    [
      'javascript:',
      PayRequest,
      { ...PAY, failureRedirectUrl: 'javascript:alert(1)' },
      ['/failureRedirectUrl'],
    ],
    [
      'a URL with a line break',
      PayRequest,
      { ...PAY, successRedirectUrl: 'https://a.b/\nc' },
      ['/successRedirectUrl'],
    ],
    ['a URL of 2,049', PayRequest, { ...PAY, successRedirectUrl: url(2_049) }, ['/successRedirectUrl']],
    ['providerData over 64 KiB', PayRequest, { ...PAY, providerData: bytes(65_537) }, ['/providerData']],
    ['providerData too deep', PayRequest, { ...PAY, providerData: deep(1_001) }, ['/providerData']],
    ['providerData as an array', PayRequest, { ...PAY, providerData: [] }, ['/providerData']],
    ['a typo', PayRequest, { ...PAY, shopTransactionID: 'a' }, ['/shopTransactionID']],
    [
      '__proto__',
      PayRequest,
      JSON.parse('{"amount":1,"currency":"EUR","shopTransactionId":"a","__proto__":{}}'),
      ['/__proto__'],
    ],
    ['constructor', PayRequest, { ...PAY, constructor: 1 }, ['/constructor']],
    ['a name with / and ~', PayRequest, { ...PAY, 'a/b~': 1 }, ['/a~1b~0']],
    ['a name that is a card number', PayRequest, { ...PAY, '4111111111111111': 1 }, ['/***']],
    ['an array', PayRequest, [PAY], ['']],
    ['null as a whole', PayRequest, null, ['']],
    ['a string as a whole', PayRequest, '{}', ['']],
    ['a refund of nothing', RefundRequest, { ...REFUND, amount: 0 }, ['/amount']],
    ['a subscription without its info', SubscriptionStartRequest, PAY, ['/subscriptionInfo']],
    [
      'info as an array',
      SubscriptionStartRequest,
      { ...PAY, subscriptionInfo: [INFO] },
      ['/subscriptionInfo'],
    ],
    ['info as null', SubscriptionStartRequest, { ...PAY, subscriptionInfo: null }, ['/subscriptionInfo']],
    [
      'info with mistakes',
      SubscriptionStartRequest,
      { ...PAY, subscriptionInfo: { interval: 'YEAR', intervalCount: 0, every: 1 } },
      ['/subscriptionInfo/every', '/subscriptionInfo/interval', '/subscriptionInfo/intervalCount'],
    ],
    [
      'the token of another endpoint',
      SubscriptionStartRequest,
      { ...START, subscriptionInfo: { ...INFO, token: 'sub_1' } },
      ['/subscriptionInfo/token'],
    ],
    [
      'expiresAfter 0',
      SubscriptionStartRequest,
      { ...PAY, subscriptionInfo: { ...INFO, expiresAfter: 0 } },
      ['/subscriptionInfo/expiresAfter'],
    ],
    [
      'a payment without its token',
      SubscriptionPayRequest,
      { ...PAY, subscriptionInfo: {} },
      ['/subscriptionInfo/token'],
    ],
    ['30 February', ReplayRequest, { from: '2026-02-30T00:00:00Z' }, ['/from']],
    ['hour 24', ReplayRequest, { from: '2026-02-28T24:00:00Z' }, ['/from']],
    ['29 February of a year without one', ReplayRequest, { to: '2025-02-29T00:00:00Z' }, ['/to']],
    ['an external by a name that none can have', ReplayRequest, { external: 'Acme' }, ['/external']],
    ['an empty update', SubscriptionUpdateRequest, {}, ['']],
    ['an amount without its currency', SubscriptionUpdateRequest, { amount: 1 }, ['/currency']],
    ['a currency without its amount', SubscriptionUpdateRequest, { currency: 'EUR' }, ['/amount']],
  ])('refuses %s', (_name, type, body, pointers) => {
    expect(pointersOf(type, body)).toEqual(pointers);
  });

  it.each(['successRedirectUrl', 'failureRedirectUrl', 'providerData'])(
    'takes a null %s as left out',
    (name) => {
      const result = readContract(PayRequest, { ...PAY, [name]: null }, { unknownFields: 'refuse' });
      expect(result).toMatchObject({ ok: true, value: { ...PAY, [name]: undefined } });
    },
  );

  it('keeps providerData as it was, the same object', () => {
    const providerData = { list: [1, { two: null }], text: 'ü' };
    const result = readContract(PayRequest, { ...PAY, providerData }, { unknownFields: 'refuse' });
    expect(result.ok && result.value.providerData).toBe(providerData);
  });

  it('never throws, and never accepts what is not of the contract', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        for (const type of [PayRequest, RefundRequest, SubscriptionStartRequest, SubscriptionUpdateRequest]) {
          expect(readContract<object>(type, body, { unknownFields: 'refuse' }).ok).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('names a hundred unknown fields at most, and what is wrong with the others', () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`x${index}`, 1]));
    const pointers = pointersOf(PayRequest, { ...many, ...PAY, amount: 0 });
    expect([pointers.length, pointers[0], pointers.at(-1)]).toEqual([101, '/x0', '/amount']);
  });
});

describe('answers', () => {
  const read = (type: new () => object, answer: unknown): unknown => {
    const result = readContract(type, answer, { unknownFields: 'drop' });
    return result.ok ? (JSON.parse(JSON.stringify(result.value)) as unknown) : 'broken';
  };

  it.each<[string, new () => object, object, unknown]>([
    ['OK', PayAnswer, { result: 'OK', paymentId: 'p' }, { result: 'OK', paymentId: 'p' }],
    [
      'KO without an id',
      PayAnswer,
      { result: 'KO', resultDescription: 'no' },
      { result: 'KO', resultDescription: 'no' },
    ],
    [
      'unknown fields',
      PayAnswer,
      { result: 'OK', paymentId: 'p', secret: 1 },
      { result: 'OK', paymentId: 'p' },
    ],
    [
      'metadata',
      PayAnswer,
      { result: 'OK', paymentId: 'p', metadata: { a: [1] } },
      { result: 'OK', paymentId: 'p', metadata: { a: [1] } },
    ],
    [
      'an optional null',
      PayAnswer,
      { result: 'OK', paymentId: 'p', redirectToUrl: null },
      { result: 'OK', paymentId: 'p' },
    ],
    [
      'empty texts, which are nothing',
      PayAnswer,
      { result: 'KO', paymentId: '', redirectToUrl: '', resultDescription: '' },
      { result: 'KO' },
    ],
    ['no result', PayAnswer, { paymentId: 'p' }, 'broken'],
    ['an unknown result', PayAnswer, { result: 'MAYBE', paymentId: 'p' }, 'broken'],
    ['OK without an id', PayAnswer, { result: 'OK' }, 'broken'],
    ['REDIRECT_TO_URL without a URL', PayAnswer, { result: 'REDIRECT_TO_URL', paymentId: 'p' }, 'broken'],
    [
      'REDIRECT_TO_URL with null',
      PayAnswer,
      { result: 'REDIRECT_TO_URL', paymentId: 'p', redirectToUrl: null },
      'broken',
    ],
    [
      'a mobile URL alone',
      PayAnswer,
      { result: 'REDIRECT_TO_URL', paymentId: 'p', redirectToUrlMobile: 'https://a.b' },
      { result: 'REDIRECT_TO_URL', paymentId: 'p', redirectToUrlMobile: 'https://a.b' },
    ],
    [
      'the link of an app',
      PayAnswer,
      { result: 'REDIRECT_TO_URL', paymentId: 'p', redirectToUrlMobile: 'bankapp://pay/1' },
      { result: 'REDIRECT_TO_URL', paymentId: 'p', redirectToUrlMobile: 'bankapp://pay/1' },
    ],
    [
      'the link of an app where a browser goes',
      PayAnswer,
      { result: 'REDIRECT_TO_URL', paymentId: 'p', redirectToUrl: 'bankapp://pay/1' },
      'broken',
    ],
    ...['javascript:alert(1)', 'JavaScript:alert(1)', 'data:text/html,x', 'bankapp:', '/r/1', 'a b:c'].map(
      (redirectToUrlMobile): [string, new () => object, object, 'broken'] => [
        `a mobile URL ${redirectToUrlMobile}`,
        PayAnswer,
        { result: 'OK', paymentId: 'p', redirectToUrlMobile },
        'broken',
      ],
    ),
    [
      'a payment of a subscription without the token that the caller named',
      SubscriptionChargeAnswer,
      { result: 'OK', paymentId: 'p' },
      { result: 'OK', paymentId: 'p' },
    ],
    ['a link that is missing', PayByLinkAnswer, { result: 'OK' }, 'broken'],
    ['a declined link', PayByLinkAnswer, { result: 'KO' }, { result: 'KO' }],
    ['a subscription without its token', SubscriptionPayAnswer, { result: 'OK', paymentId: 'p' }, 'broken'],
    [
      'a redirect of a subscription without a URL',
      SubscriptionPayAnswer,
      { result: 'REDIRECT_TO_URL', paymentId: 'p', subscriptionToken: 't' },
      'broken',
    ],
    [
      'a status',
      PaymentStatusAnswer,
      { status: 'PENDING', action: { type: 'sca' } },
      { status: 'PENDING', action: { type: 'sca' } },
    ],
    ['an unknown status', PaymentStatusAnswer, { status: 'OK' }, 'broken'],
  ])('reads %s', (_name, type, answer, expected) => {
    expect(read(type, answer)).toEqual(expected);
  });
});
