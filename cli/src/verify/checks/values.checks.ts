import { randomHex } from '../../../../src/shared/identifier.js';
import type { Check } from '../check.js';
import { NotTried } from '../check-errors.js';
import { isJsonObject } from '../../../../src/shared/json.js';
import { answerOf, ensure, isNotSupported, jsonOf, paid, requireRefunded } from '../expect.js';
import type { Reply, Session } from '../session.js';

/** Amounts that are no multiple of a hundred or a thousand: what is rounded shows. */
const AMOUNTS: Readonly<Record<string, number>> = { EUR: 1_299, JPY: 501, KWD: 1_237, CLF: 12_345 };
const OTHER_AMOUNT = 1_237;
/** Wraps in 32 bits, and loses its last digits in a single-precision number. */
const LARGE_AMOUNT = 2 ** 32 + 1_299;

/**
 * Letters outside of Latin-1, outside of the BMP, decomposed (NFC changes it), right-to-left, what a query has to
 * encode, and spaces at both ends.
 */
const unicodeOrder = (): string => ` Größe/日本-🎫-e\u0301-שלום+%41&a=b c?#-${randomHex(4)} `;

/** More digits than a number of 64 bits has. */
function newDigits(): string {
  return BigInt(`0x${randomHex(12)}`)
    .toString()
    .padStart(29, '1');
}

const NESTED = {
  customer: { name: 'Zoë 🎫 日本 שלום', tags: ['a', ['b', [null, true, 0.1, -1e-7]], {}], empty: '' },
  'key with "quotes" and \\': { '': 0, constructor: 'own', deep: { deep: { deep: { deep: [[[[]]]] } } } },
  large: '9007199254740993',
};

/** Below the limit of `providerData`, 64 KiB (SPEC §1). */
const LARGE_BYTES = 60_000;

async function executesAnd(session: Session, fields: object): Promise<void> {
  const payment = await paid(session, fields);
  const reply = await session.status({ paymentId: payment.paymentId });
  const isMissing =
    isNotSupported(reply.outcome) ||
    (reply.outcome.kind === 'rejected' && !isJsonObject(jsonOf(reply.exchanged)));
  const named = isMissing ? undefined : answerOf(reply).shopTransactionId;
  if (named === undefined)
    throw new NotTried('it was taken; /status does not name it, so that what was kept cannot be seen');
  ensure(
    named === payment.shopTransactionId,
    `the shopTransactionId came back as ${JSON.stringify(named)}`,
    reply,
  );
}

function isRefused({ outcome }: Reply<{ readonly result: string }>): boolean {
  return outcome.kind === 'rejected' || (outcome.kind === 'completed' && outcome.answer.result === 'KO');
}

/** Requires that an amount was kept to its last minor unit: refunds show it. */
async function requireKept(session: Session, amount: number, currency: string): Promise<void> {
  const { providerData } = session.data.accepted;
  const body = session.payBody({ amount, currency, ...(providerData && { providerData }) });
  const reply = await session.pay(body);
  if (isRefused(reply)) throw new NotTried(`the external does not take ${amount} ${currency}`);
  const { result, paymentId } = answerOf(reply);
  if (result !== 'OK' || paymentId === undefined)
    throw new NotTried(`the payment is ${result}, so that it cannot be refunded`);
  const refund = (part: number) => session.refund({ amount: part, currency, paymentId });
  const first = await refund(amount - 1);
  if (isNotSupported(first.outcome))
    throw new NotTried('refund is not offered, so that the amount cannot be seen');
  requireRefunded(first, `a refund of ${amount - 1} of ${amount} ${currency}`);
  requireRefunded(await refund(1), `a refund of the last minor unit of ${amount} ${currency}`);
  const over = await refund(1);
  ensure(isRefused(over), `one minor unit more than the payment's ${amount} ${currency} was refunded`, over);
}

function minorUnits(currency: string): Check {
  return {
    id: `minor-units-${currency.toLowerCase()}`,
    level: 'must',
    title: `Amounts in ${currency} are counted in minor units, to the last one`,
    spec: '§1',
    mend: 'Store and compare integers of minor units; divide, if ever, by the digits of the currency (JPY 0, EUR 2, KWD 3, CLF 4).',
    run: (session) => requireKept(session, AMOUNTS[currency] ?? OTHER_AMOUNT, currency),
  };
}

/** Values that a program in another language reads in another way. */
export function valueChecks(currencies: readonly string[]): readonly Check[] {
  return [
    ...currencies.map(minorUnits),
    {
      id: 'large-amount',
      level: 'must',
      title: 'An amount beyond 32 bits is kept to its last minor unit',
      spec: '§1',
      mend: 'Store amounts in 64 bits (`bigint`, `long`): the contract allows up to 999,999,999,999.',
      run: async (session) => {
        const [currency = 'EUR'] = session.data.currencies;
        await requireKept(session, LARGE_AMOUNT, currency);
      },
    },
    {
      id: 'unicode-order',
      level: 'must',
      title: 'A `shopTransactionId` with any letters is kept letter for letter',
      spec: '§1',
      mend: 'Read and write UTF-8, in the database too, and do not normalise, trim, fold or escape ids.',
      run: (session) => executesAnd(session, { shopTransactionId: unicodeOrder() }),
    },
    {
      id: 'long-order',
      level: 'must',
      title: 'A `shopTransactionId` of 255 characters is kept whole',
      spec: '§1',
      mend: 'Store ids of up to 255 characters (not bytes), and never cut one.',
      run: (session) =>
        executesAnd(session, { shopTransactionId: `order-${randomHex(4)}-${'x'.repeat(240)}` }),
    },
    {
      id: 'numeric-order',
      level: 'must',
      title: 'A `shopTransactionId` of digits is kept digit for digit',
      spec: '§1',
      mend: 'Treat ids as texts, in the database too: as numbers, 007 and 7 are one order.',
      run: (session) => executesAnd(session, { shopTransactionId: `00${newDigits()}` }),
    },
    {
      id: 'nested-data',
      level: 'must',
      title: '`providerData` may be any JSON object',
      spec: '§1',
      mend: 'Ignore members of `providerData` that you do not know, whatever they hold.',
      run: async (session) => {
        const { providerData } = session.data.accepted;
        await paid(session, { providerData: { ...providerData, ...NESTED } });
      },
    },
    {
      id: 'large-data',
      level: 'must',
      title: '`providerData` of 64 KiB is taken, and the answer comes after it',
      spec: '§1',
      mend: 'Allow bodies of 128 KiB, and answer once you have read the request whole.',
      run: async (session) => {
        const { providerData } = session.data.accepted;
        await paid(session, { providerData: { ...providerData, note: 'ü'.repeat(LARGE_BYTES / 2) } });
      },
    },
    {
      id: 'redirect-urls',
      level: 'must',
      title: 'Redirect URLs are taken, those of apps too',
      spec: '§1',
      mend: 'Accept absolute URLs of any scheme in `successRedirectUrl` and `failureRedirectUrl`.',
      run: async (session) => {
        await paid(session, {
          successRedirectUrl: 'https://shop.example/thanks?order=1&name=Zo%C3%AB',
          failureRedirectUrl: 'myshop://failed',
        });
      },
    },
  ];
}
