import { sql } from 'kysely';
import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { ConfigError } from '../config/config-error.js';
import { CONFIG } from '../config/config.module.js';
import { Metrics } from '../observability/metrics/metrics.js';
import { RECOVERY, type RecoveryRecord } from '../persistence/recovery-record.js';
import { readSetting, writeSetting } from '../persistence/settings.js';
import { isDatabaseError, Store, type Trx } from '../persistence/store.js';
import { Problem } from '../problems/problem.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import { Clock } from '../shared/clock.js';
import { FEED_ID } from './ledger-event.table.js';
import { notSent } from './operation-problems.js';

/** The PostgreSQL timeline that the last start has seen: a restore to a point in time begins another one. */
const TIMELINE = 'postgres-timeline';
/** The number of the table `settings` that the last start has seen: a restore of a dump makes another table. */
const TABLE = 'postgres-table';
/** Of the name of a segment of the log, the first. */
const TIMELINE_DIGITS = 8;
/** Of the restore, in the floor of versions: seconds since then fit into an INTEGER column until 2088. */
const FLOOR_EPOCH_MS = Date.UTC(2020, 0, 1);
/** Where nothing but an operator can end the refusal. */
const RETRY_AFTER_MS = 60_000;

/** A recovery that has not ended. */
export type Recovery = RecoveryRecord & { readonly startedAt: number };

/** What the recovery decides about an operation that the ledger does not know. */
export type RecoveryDecision = 'executed' | 'adopted' | 'refused';

/**
 * Whether the ledger was restored to an older state (SPEC §10). Until an operator ends the recovery, externals may have
 * executed what the ledger does not know.
 */
@Injectable()
export class LedgerRestore implements OnApplicationBootstrap {
  readonly #logger = new Logger(LedgerRestore.name);
  readonly #decisions;
  #active = false;
  #versionFloor = 0;

  constructor(
    private readonly store: Store,
    private readonly registry: ExternalProviderRegistry,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    metrics: Metrics,
  ) {
    metrics.gauge('tollgate_recovering', '1 while the restored ledger is recovering.', () =>
      this.#active ? 1 : 0,
    );
    this.#decisions = metrics.counter(
      'tollgate_recovery_decisions_total',
      'Operations unknown to the restored ledger: executed, adopted from the external, or refused.',
      ['external', 'decision'],
    );
  }

  /**
   * Before the first request: begins the recovery that `RECOVERED_FROM` declares, or that the store has recognised.
   * @throws ConfigError if `RECOVERED_FROM` is in the future
   */
  async onApplicationBootstrap(): Promise<void> {
    const nowMs = this.clock.now();
    const { recoveredFrom } = this.config;
    if (recoveredFrom !== undefined && recoveredFrom > nowMs)
      throw new ConfigError([
        `RECOVERED_FROM: ${new Date(recoveredFrom).toISOString()} is in the future; it must be the time of the restored state`,
      ]);
    const isPostgres = this.store.dialect === 'postgres';
    const timeline = isPostgres ? await this.#timeline() : undefined;
    const record = await this.store.transaction(async (trx) => {
      const before = await this.record(trx);
      const begun = await this.#begin(trx, before, recoveredFrom, nowMs);
      if (timeline !== undefined) await this.#compareTimeline(trx, timeline, begun !== undefined);
      if (isPostgres) await this.#compareTable(trx, begun !== undefined);
      return begun ?? before;
    });
    this.#versionFloor = versionFloorOf(record);
    if (!isActive(record)) return;
    this.#active = true;
    const { declaredBy, restoredFrom } = record;
    this.#logger.warn(
      { declaredBy, restoredFrom: restoredFrom === null ? 'unknown' : new Date(restoredFrom).toISOString() },
      'THE LEDGER WAS RESTORED: nothing is executed that an external may have executed already, until an operator ' +
        'ends the recovery with POST /admin/recovery/end (docs/operating.md)',
    );
  }

  /** False: the ledger is not recovering. Costs nothing, unlike {@link current}. */
  get active(): boolean {
    return this.#active;
  }

  /**
   * The version that a notification carries, of what the ledger has counted for its subject. Receivers go by the highest
   * (SPEC §5), and may have higher ones of the time that a restored ledger has lost: after a restore, versions begin at
   * its time in seconds, which no subject has reached by counting.
   */
  versionOf(counted: number): number {
    return this.#versionFloor + counted;
  }

  /** The recovery, unless an operator has ended it, perhaps at another replica. */
  async current(): Promise<Recovery | undefined> {
    if (!this.#active) return undefined;
    try {
      const record = await this.store.read((db) => this.record(db));
      if (isActive(record)) return record;
    } catch (error) {
      throw isDatabaseError(error) ? notSent(error) : error;
    }
    this.#active = false;
    return undefined;
  }

  /** The last recovery, ended or not. */
  async record(db: Trx): Promise<RecoveryRecord | undefined> {
    const text = await readSetting(db, RECOVERY);
    return text === undefined ? undefined : (JSON.parse(text) as RecoveryRecord);
  }

  /** Ends the recovery; undefined if none is active. */
  async end(trx: Trx): Promise<RecoveryRecord | undefined> {
    const record = await this.record(trx);
    if (!isActive(record)) return undefined;
    const ended = { ...record, endedAt: this.clock.now() };
    await writeSetting(trx, RECOVERY, JSON.stringify(ended));
    this.store.afterCommit(trx, () => {
      this.#active = false;
    });
    return ended;
  }

  /**
   * When a request that was in flight before the restore can no longer reach its external: what the external does not
   * know then was not executed.
   */
  executesAfter({ startedAt }: Recovery): number {
    return startedAt + Math.max(0, ...this.registry.all().map(({ config }) => config.timeoutMs));
  }

  /** A request that the external received before the restore may still be on its way to it. */
  mayBeInFlight(recovery: Recovery): boolean {
    return this.clock.now() <= this.executesAfter(recovery);
  }

  /** A name that no external has is not counted: callers can think up any number of them. */
  decided(external: string, decision: RecoveryDecision): void {
    if (this.registry.get(external)) this.#decisions.inc({ external, decision });
  }

  /** The refusal of an operation of which it cannot be known whether the external has executed it. */
  refusal(external: string, recovery: Recovery, detail: string): Problem {
    this.decided(external, 'refused');
    const inFlightMs = this.executesAfter(recovery) - this.clock.now();
    return new Problem('recovering', `The gateway’s ledger was restored from a backup. ${detail}`, {
      outcome: 'not-executed',
      retryAfterMs: inFlightMs > 0 ? inFlightMs + 1 : RETRY_AFTER_MS,
    });
  }

  /** The recovery that begins with this start, if one does. */
  async #begin(
    trx: Trx,
    before: RecoveryRecord | undefined,
    recoveredFrom: number | undefined,
    nowMs: number,
  ): Promise<RecoveryRecord | undefined> {
    // A declaration that stays in the environment after the end does not begin the recovery again.
    const isDeclared = recoveredFrom !== undefined && before?.restoredFrom !== recoveredFrom;
    if (!isDeclared && before?.startedAt !== null) return undefined;
    const record: RecoveryRecord = isDeclared
      ? { declaredBy: 'variable', restoredFrom: recoveredFrom, startedAt: nowMs, endedAt: null }
      : { ...before!, startedAt: nowMs };
    await writeSetting(trx, RECOVERY, JSON.stringify(record));
    // Cursors that consumers got after the restored state would hide what is written now.
    await trx.deleteFrom('settings').where('key', '=', FEED_ID).execute();
    return record;
  }

  /**
   * A failover begins a new timeline too, and need not have lost anything: so this does not stop the start. A declaration
   * that stays in the environment does not declare the next restore.
   */
  async #compareTimeline(trx: Trx, timeline: string, isDeclared: boolean): Promise<void> {
    const before = await replaced(trx, TIMELINE, timeline);
    if (isDeclared || before === undefined) return;
    this.#logger.error(
      { before, timeline },
      'PostgreSQL is on another timeline than at the last start. After a failover without loss this is in order. ' +
        'If the database was restored to a point in time, payments can be executed twice: stop all replicas now, and ' +
        'declare the restore with RECOVERED_FROM (docs/operating.md)',
    );
  }

  /** A move to another server by a dump makes new tables too, and need not have lost anything. */
  async #compareTable(trx: Trx, isDeclared: boolean): Promise<void> {
    const { rows } = await sql<{ table: string }>`select 'settings'::regclass::oid::text as table`.execute(
      trx,
    );
    const { table } = rows[0]!;
    const before = await replaced(trx, TABLE, table);
    if (isDeclared || before === undefined) return;
    this.#logger.error(
      { before, table },
      'The tables of the ledger are not those of the last start: they came from a dump. After a move without loss this ' +
        'is in order. If the dump is older than the last payment, payments can be executed twice: stop all replicas ' +
        'now, and declare the restore with RECOVERED_FROM (docs/operating.md)',
    );
  }

  /** Undefined where a service that speaks PostgreSQL's protocol has no log of PostgreSQL's. */
  async #timeline(): Promise<string | undefined> {
    try {
      const { rows } = await this.store.read((db) =>
        sql<{ file: string }>`select pg_walfile_name(pg_current_wal_lsn()) as file`.execute(db),
      );
      return rows[0]?.file.slice(0, TIMELINE_DIGITS);
    } catch {
      return undefined;
    }
  }
}

/** Remembers `value`. Returns the one that the last start has remembered; undefined if it is the same, or there is none. */
async function replaced(trx: Trx, key: string, value: string): Promise<string | undefined> {
  const before = await readSetting(trx, key);
  if (before === value) return undefined;
  await writeSetting(trx, key, value);
  return before;
}

function versionFloorOf(record: RecoveryRecord | undefined): number {
  const startedAt = record?.startedAt ?? FLOOR_EPOCH_MS;
  return Math.floor((startedAt - FLOOR_EPOCH_MS) / 1_000);
}

function isActive(record: RecoveryRecord | undefined): record is Recovery {
  return record !== undefined && record.startedAt !== null && record.endedAt === null;
}
