import { type Audited, CANARY } from './history.js';

interface PaymentRow {
  readonly id: string;
  readonly external: string;
  readonly payment_id: string | null;
  readonly shop_transaction_id: string;
  readonly state: string;
  readonly parked_at: number | null;
  readonly refunded_minor: number;
  readonly amount_minor: number;
}

/** What must be true once all is quiet. Each entry of the result names what is not. */
export async function violationsOf(world: Audited): Promise<string[]> {
  const payments = await world.query<PaymentRow>('select * from payments');
  return [
    ...executedOnce(world),
    ...callersToldTheTruth(world),
    ...ledgerIsTheBook(world, payments),
    ...refundsAreTheBook(world, payments),
    ...(await receiversHaveTheNewest(world)),
    ...(await nothingSecretIsStored(world)),
  ];
}

/** No key is executed twice; no order is paid twice. */
function executedOnce({ books }: Audited): string[] {
  return books.flatMap(({ name, executions, payments }) => {
    const twice = [...executions]
      .filter(([, times]) => times > 1)
      .map(([key]) => `${name} executed ${key} twice`);
    const paid = [...payments.values()].filter(({ status }) => status !== 'FAILED');
    const orders = [...Map.groupBy(paid, ({ shopTransactionId }) => shopTransactionId)];
    return [
      ...twice,
      ...orders.filter(([, all]) => all.length > 1).map(([order]) => `${name}: ${order} is paid twice`),
    ];
  });
}

/** `not-executed` is a certainty, and an answer of `OK` or `KO` is what happened. */
function callersToldTheTruth({ told, books }: Audited): string[] {
  return told.flatMap(({ external, key, path, answer }) => {
    const { executions } = books.find(({ name }) => name === external)!;
    const executed = executions.has(key);
    if (answer?.outcome === 'not-executed' && executed)
      return [
        `${external}: ${path} ${key} was executed, and its caller was told not-executed (${answer.code})`,
      ];
    // A cancellation is OK too where a status query found the payment FAILED.
    if (answer?.result === 'OK' && !executed && path !== 'cancel')
      return [`${external}: ${path} ${key} was not executed, and its caller was told OK`];
    return [];
  });
}

function ledgerIsTheBook({ books }: Audited, rows: readonly PaymentRow[]): string[] {
  const open = rows.filter(
    ({ state, parked_at }) => !['ACCEPTED', 'FAILED'].includes(state) && parked_at === null,
  );
  const wrong = books.flatMap(({ name, payments }) =>
    [...payments.values()].flatMap((payment) => {
      const ofOrder = rows.filter(
        (row) => row.external === name && row.shop_transaction_id === payment.shopTransactionId,
      );
      const row = ofOrder.find(({ payment_id }) => payment_id === payment.paymentId);
      if (row?.state === payment.status || (!row && payment.status === 'FAILED' && ofOrder.length > 0))
        return [];
      const ledger = ofOrder.map(({ state, payment_id }) => `${state} ${payment_id ?? ''}`).join(', ');
      return [
        `${name}: ${payment.paymentId} of ${payment.shopTransactionId} is ${payment.status}; the ledger has ${ledger || 'nothing'}`,
      ];
    }),
  );
  return [...open.map(({ id, state }) => `${id} is still ${state}`), ...wrong];
}

/** The external gives back no more than was paid, and the ledger counts the same refunds. */
function refundsAreTheBook({ books }: Audited, rows: readonly PaymentRow[]): string[] {
  return books.flatMap(({ name, payments, refunds }) =>
    [...Map.groupBy(refunds.values(), ({ paymentId }) => paymentId)].flatMap(([paymentId, all]) => {
      const given = all
        .filter(({ status }) => status !== 'FAILED')
        .reduce((sum, { amount }) => sum + amount, 0);
      const { amount } = payments.get(paymentId)!;
      const row = rows.find((each) => each.external === name && each.payment_id === paymentId);
      if (given > amount) return [`${name}: ${paymentId} of ${amount} is refunded with ${given}`];
      return row?.refunded_minor === given
        ? []
        : [`${name}: ${paymentId} is refunded with ${given}; the ledger has ${row?.refunded_minor}`];
    }),
  );
}

async function receiversHaveTheNewest(world: Audited): Promise<string[]> {
  const rows = await world.query<{ id: string; version: number; state: string; payload: string }>(
    'select id, version, state, payload from notifications where newest = 1',
  );
  const ids = new Set([...world.received.values()].flat().map(({ id }) => id));
  return rows
    .filter(({ id, state }) => state !== 'DELIVERED' || !ids.has(id))
    .map(({ id, state }) => `${id} is ${state} and newest`);
}

async function nothingSecretIsStored(world: Audited): Promise<string[]> {
  const tables = await world.query<{ name: string }>(
    `select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await world.query<object>(`select * from "${name}"`);
    if (rows.some((row) => JSON.stringify(row).includes(CANARY))) found.push(`${name} holds providerData`);
  }
  return found;
}
