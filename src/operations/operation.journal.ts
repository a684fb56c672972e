import { Injectable } from '@nestjs/common';
import { BatchStatement, type BatchEntry, type ColumnType } from '../persistence/batch-statement.js';
import { type JournalResult, Store } from '../persistence/store.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import type { LedgerEventRow } from './ledger-event.table.js';
import type { OperationEnd } from './operation.repository.js';
import type { OperationRow } from './operation.table.js';

/** What the rows of a ledger add to the statement that begins or ends their operations. */
export interface LedgerPart {
  /** Of `entry`, beside those of the operation; their names begin with that of the ledger. */
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** SQL that is true for an `entry` with nothing in its way. What it does not see fails the statement. */
  readonly isPlain: string;
  /** Statements by name. One that writes another number of rows than it must fails all of it. */
  readonly writes: Readonly<Record<string, LedgerWrite>>;
  /** SQL over `taken` for what only the statement knows of an operation's event. */
  readonly event?: Readonly<Partial<Record<keyof typeof EVENT, string>>>;
}

export interface LedgerWrite {
  /** Reads `taken`, the entries that are written, and what the statements before it return. */
  readonly sql: string;
  /** The columns that it returns for the statements after it. */
  readonly returning?: string;
  /** SQL of the number of rows that it must write; by default one for each entry of `taken`. */
  readonly rows?: string;
}

/** The rows of a ledger that one operation writes when nothing is in their way. */
export interface LedgerEntry {
  readonly statement: BatchStatement;
  readonly columns: Readonly<Record<string, string | number | null>>;
  /** What no other payment, refund, … may have: see `JournalEntry`. */
  readonly claims: readonly string[];
}

/** {@link LedgerEntry} at the end of an operation. */
export interface LedgerEndEntry extends LedgerEntry {
  /** Undefined: no row of a ledger changes. */
  readonly event: LedgerEventRow | undefined;
  /** The outcome to record and answer, if the ledger adds to that of the call. */
  readonly recorded?: ProviderOutcome<object>;
  /** To call once it is written. */
  readonly afterCommit?: () => void;
}

/** How the statement that begins an operation inserts one row of a ledger. */
export class InsertedRow<Column extends string> {
  /** Of `entry`, named `prefix_column`. */
  readonly columns: Readonly<Record<string, ColumnType>>;
  readonly sql: string;

  /** `own` are the columns that the entry brings, `shared` those with a value of the operation: SQL over `taken`. */
  constructor(
    table: string,
    private readonly prefix: string,
    private readonly own: Readonly<Record<Column, ColumnType>>,
    shared: Readonly<Record<string, string>>,
  ) {
    this.columns = this.#prefixed(own);
    const names = [...Object.keys(shared), ...Object.keys(own)];
    const values = [...Object.values(shared), ...Object.keys(this.columns)];
    this.sql = `insert into ${table} (${names.join(', ')}) select ${values.join(', ')} from taken`;
  }

  /** The columns of the entry for one row. */
  of(row: Readonly<Partial<Record<Column, string | number | null>>>): LedgerEntry['columns'] {
    const values = Object.keys(this.own).map((name) => [name, row[name as Column] ?? null] as const);
    return this.#prefixed(Object.fromEntries(values));
  }

  #prefixed<T>(values: Readonly<Record<string, T>>): Record<string, T> {
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [`${this.prefix}_${name}`, value]),
    );
  }
}

const OPERATION = {
  id: 'text',
  caller: 'text',
  external: 'text',
  operation: 'text',
  idempotency_key: 'text',
  key_held: 'integer',
  fingerprint: 'text',
  repeat_held: 'integer',
  state: 'text',
  deadline_at: 'bigint',
  created_at: 'bigint',
  expires_at: 'bigint',
  payment_ref: 'text',
  refund_ref: 'text',
  subscription_ref: 'text',
  request_id: 'text',
  traceparent: 'text',
} as const satisfies Partial<Record<keyof OperationRow, ColumnType>>;

/** What the end of an operation sets. */
const RESULT = {
  state: OPERATION.state,
  key_held: OPERATION.key_held,
  repeat_held: OPERATION.repeat_held,
  reason: 'text',
  finished_at: 'bigint',
  answer_status: 'integer',
  answer_body: 'text',
} as const satisfies Partial<Record<keyof OperationRow, ColumnType>>;

const EVENT = {
  event_id: 'text',
  event_payment_ref: 'text',
  event_refund_ref: 'text',
  event_subscription_ref: 'text',
  event_at: 'bigint',
  event_source: 'text',
  event_before: 'text',
  event_after: 'text',
  event_cause: 'text',
} as const satisfies Record<`event_${keyof LedgerEventRow}`, ColumnType>;

/** An event has the values of its entry. */
const OWN_NAMES = Object.fromEntries(Object.keys(EVENT).map((name) => [name, name]));

const OPERATION_COLUMNS = Object.keys(OPERATION);

/**
 * Begins operations and writes their ledger's rows. `offset 0` makes each search a look-up in an index, regardless of
 * what the planner believes about the size of a table.
 */
export function beginStatement({ columns, isPlain, writes }: LedgerPart): BatchStatement {
  return new BatchStatement(
    { ...OPERATION, ...columns },
    `taken as materialized (
      select * from entry
      where not exists (
        select from operations held where entry.key_held = 1 and held.key_held = 1
          and held.external = entry.external and held.caller = entry.caller
          and held.operation = entry.operation and held.idempotency_key = entry.idempotency_key offset 0)
      and not exists (
        select from operations held where entry.repeat_held = 1 and held.repeat_held = 1
          and held.fingerprint = entry.fingerprint and held.operation = entry.operation
          and held.caller = entry.caller and held.external = entry.external offset 0)
      and ${isPlain}
    ),
    operation as (
      insert into operations (${OPERATION_COLUMNS.join(', ')})
      select ${OPERATION_COLUMNS.join(', ')} from taken
    )${tables(writes)}
    ${idsOfTaken(writes)}`,
  );
}

/**
 * Ends operations that run under their deadline, and writes their ledger's rows and events. `is true` keeps the planner
 * from every index but that of ids.
 */
export function endStatement({ columns, isPlain, writes, event = {} }: LedgerPart): BatchStatement {
  return new BatchStatement(
    { id: OPERATION.id, deadline_at: OPERATION.deadline_at, ...RESULT, ...EVENT, ...columns },
    `plain as materialized (select * from entry where ${isPlain}),
    taken as (
      update operations set ${Object.keys(RESULT)
        .map((name) => `${name} = plain.${name}`)
        .join(', ')}
      from plain
      where operations.id = plain.id
        and (operations.state = 'running' and operations.deadline_at = plain.deadline_at) is true
      returning plain.*
    )${tables(writes)},
    event as (
      insert into ledger_events (id, payment_ref, refund_ref, subscription_ref, at, source, before, after, cause)
      select ${Object.values({ ...OWN_NAMES, ...event }).join(', ')} from taken where event_id is not null
    )
    ${idsOfTaken(writes)}`,
  );
}

function tables(writes: LedgerPart['writes']): string {
  return Object.entries(writes)
    .map(([name, { sql, returning = '1' }]) => `,\n${name} as (${sql} returning ${returning})`)
    .join('');
}

/** Another transaction may have changed a row since the statement began: the division by zero rolls all of it back. */
function idsOfTaken(writes: LedgerPart['writes']): string {
  if (Object.keys(writes).length === 0) return 'select id from taken';
  const complete = Object.entries(writes).map(
    ([name, { rows = '(select count(*) from taken)' }]) => `(select count(*) from ${name}) = ${rows}`,
  );
  return `select id, 1 / (case when ${complete.join(' and ')} then 1 else 0 end) from taken`;
}

const NOTHING_ELSE: LedgerPart = { columns: {}, isPlain: 'true', writes: {} };

/** An operation that writes no row of a ledger when it begins. */
export const BEGIN_ALONE: LedgerEntry = { statement: beginStatement(NOTHING_ELSE), columns: {}, claims: [] };

/** An operation that changes no row of a ledger when it ends. */
export const END_ALONE: LedgerEndEntry = {
  statement: endStatement(NOTHING_ELSE),
  columns: {},
  claims: [],
  event: undefined,
};

/**
 * Transactions A and B of an operation as data (SPEC §4), which the store writes in batches. It takes the plain case
 * only: everything else is left to the transaction of `OperationExecutor` or `OperationSettler`.
 */
@Injectable()
export class OperationJournal {
  constructor(private readonly store: Store) {}

  /** False: transactions cost no more. */
  get isUsed(): boolean {
    return this.store.journals;
  }

  begin(operation: OperationRow, { statement, columns, claims }: LedgerEntry): Promise<JournalResult> {
    const row: Record<string, string | number | null> & { id: string } = { ...columns, id: operation.id };
    for (const name of OPERATION_COLUMNS) row[name] = operation[name as keyof OperationRow];
    return this.store.append({ statement, row, claims: [...claims, ...claimsOf(operation)] });
  }

  end(
    { id, deadline_at }: OperationRow,
    { state, reason, atMs, answerStatus, answerBody, keyHeld, repeatHeld }: OperationEnd,
    { statement, columns, claims, event }: LedgerEndEntry,
  ): Promise<JournalResult> {
    const row: BatchEntry = {
      ...columns,
      ...(event && eventColumns(event)),
      id,
      deadline_at,
      state,
      reason,
      finished_at: atMs,
      answer_status: answerStatus,
      answer_body: answerBody,
      key_held: keyHeld,
      repeat_held: repeatHeld,
    };
    return this.store.append({ statement, row, claims });
  }
}

function claimsOf(row: OperationRow): string[] {
  const { external, caller, operation, key_held, idempotency_key, repeat_held, fingerprint } = row;
  const scope = `${external}\n${caller}\n${operation}\n`;
  return [
    ...(key_held === 1 ? [`key\n${scope}${idempotency_key}`] : []),
    ...(repeat_held === 1 ? [`repeat\n${scope}${fingerprint}`] : []),
  ];
}

function eventColumns(event: LedgerEventRow): Record<keyof typeof EVENT, string | number | null> {
  return {
    event_id: event.id,
    event_payment_ref: event.payment_ref,
    event_refund_ref: event.refund_ref,
    event_subscription_ref: event.subscription_ref,
    event_at: event.at,
    event_source: event.source,
    event_before: event.before,
    event_after: event.after,
    event_cause: event.cause,
  };
}
