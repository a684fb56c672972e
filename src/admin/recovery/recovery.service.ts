import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit.log.js';
import type { Operator } from '../../audit/operator.js';
import { LedgerRestore } from '../../operations/ledger.restore.js';
import type { RecoveryRecord } from '../../persistence/recovery-record.js';
import { Store, type Trx } from '../../persistence/store.js';
import { ExternalProviderRegistry } from '../../providers/external-provider.registry.js';
import { identifierFloor } from '../../shared/identifier.js';
import { shownTime, shownTimeOrNone } from '../records/shown.js';
import { conflict } from '../resolutions/operator.js';
import type { RecoveryStatus } from './recovery-record.js';

type Counts = Required<Pick<RecoveryStatus, 'adopted' | 'begun' | 'open'>>;

/** The recovery of a restored ledger, as operators see and end it (SPEC §10). */
@Injectable()
export class RecoveryService {
  constructor(
    private readonly store: Store,
    private readonly restore: LedgerRestore,
    private readonly registry: ExternalProviderRegistry,
    private readonly audit: AuditLog,
  ) {}

  status(): Promise<RecoveryStatus> {
    return this.store.read(async (db) => this.#status(db, await this.restore.record(db)));
  }

  /** @throws Problem `conflict` if the ledger is not recovering */
  end(reason: string, operator: Operator): Promise<RecoveryStatus> {
    return this.store.transaction(async (trx) => {
      const ended = await this.restore.end(trx);
      if (!ended) throw conflict('The ledger is not recovering.');
      await this.audit.append(trx, operator, { change: 'recovering → ended', reason });
      return this.#status(trx, ended);
    });
  }

  async #status(db: Trx, record: RecoveryRecord | undefined): Promise<RecoveryStatus> {
    const externals = this.registry
      .all()
      .map(({ config }) => ({
        external: config.name,
        queriedByOrder: config.statusByShopTransactionId,
      }))
      .toSorted((a, b) => (a.external < b.external ? -1 : 1));
    if (record?.startedAt == null) return { recovering: false, externals };
    const { declaredBy, restoredFrom, startedAt, endedAt } = record;
    return {
      recovering: endedAt === null,
      declaredBy,
      restoredFrom: shownTimeOrNone(restoredFrom),
      startedAt: shownTime(startedAt),
      executesAfter: shownTime(this.restore.executesAfter({ ...record, startedAt })),
      endedAt: shownTimeOrNone(endedAt),
      ...(endedAt === null && (await countsSince(db, startedAt))),
      externals,
    };
  }
}

/** Ids are ordered by time: each count reads the rows since the start, or those that reconciliation is to query. */
async function countsSince(db: Trx, startedAt: number): Promise<Counts> {
  const first = identifierFloor('pay', startedAt);
  const counted = await db
    .selectNoFrom((eb) => [
      eb
        .selectFrom('payments')
        .select(({ fn }) => fn.countAll<number>().as('rows'))
        .where('id', '>=', first)
        .where('origin', '=', 'learned')
        .as('adopted'),
      eb
        .selectFrom('operations')
        .select(({ fn }) => fn.countAll<number>().as('rows'))
        .where('id', '>=', identifierFloor('op', startedAt))
        .as('begun'),
      eb
        .selectFrom('payments')
        .select(({ fn }) => fn.countAll<number>().as('rows'))
        .where('next_ask_at', 'is not', null)
        .where('id', '<', first)
        .as('open'),
    ])
    .executeTakeFirstOrThrow();
  return { adopted: Number(counted.adopted), begun: Number(counted.begun), open: Number(counted.open) };
}
