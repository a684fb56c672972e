import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { sql } from 'kysely';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { WorkerLoop } from '../leases/worker-loop.js';
import { Store, type Trx } from '../persistence/store.js';
import { orderKey } from './order-key.js';
import type { PaymentRow } from './payment.table.js';

/** The id of the last payment that was examined, or {@link DONE}. */
const SETTING = 'order-keys-of-first-release';
const DONE = 'done';
const BATCH = 500;
const RETRY_MS = 1_000;

type ExaminedRow = Pick<PaymentRow, 'id' | 'external' | 'shop_transaction_id' | 'state'>;

/**
 * Gives the payments of the first release, which compared orders as sent, the keys of their orders. In batches beside the
 * traffic, once for a database; replicas may do it at the same time. Two payments of one order keep both; the second
 * loses its guard and is an item of attention if both are ACCEPTED.
 */
@Injectable()
export class OrderKeyBackfill implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(OrderKeyBackfill.name);
  readonly #loop = new WorkerLoop(
    () => this.#turn(),
    RETRY_MS,
    (error) => this.#logger.warn({ err: error }, 'Orders could not be compared; the gateway tries again'),
  );
  #isDone = false;

  constructor(
    private readonly store: Store,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.workers) this.#loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#loop.stop();
  }

  async #turn(): Promise<{ more: boolean }> {
    if (!this.#isDone) this.#isDone = await this.examineBatch();
    return { more: !this.#isDone };
  }

  /** One transaction; true when no payment is left to examine. */
  async examineBatch(): Promise<boolean> {
    const { isDone, lookAlikes } = await this.store.transaction(async (trx) => {
      const after = await readProgress(trx);
      if (after === DONE) return { isDone: true, lookAlikes: [] };
      const rows = await trx
        .selectFrom('payments')
        .select(['id', 'external', 'shop_transaction_id', 'state'])
        .where('id', '>', after)
        .orderBy('id')
        .limit(BATCH)
        .execute();
      const lookAlikes: string[] = [];
      for (const row of rows) if (await normalise(trx, row)) lookAlikes.push(row.id);
      const isDone = rows.length < BATCH;
      await writeProgress(trx, isDone ? DONE : rows.at(-1)!.id);
      return { isDone, lookAlikes };
    });
    if (lookAlikes.length > 0) {
      this.#logger.warn({ payments: lookAlikes }, 'Payments of the first release have look-alike orders');
    }
    return isDone;
  }
}

async function readProgress(trx: Trx): Promise<string> {
  const row = await trx.selectFrom('settings').select('value').where('key', '=', SETTING).executeTakeFirst();
  return row?.value ?? '';
}

async function writeProgress(trx: Trx, value: string): Promise<void> {
  await trx
    .insertInto('settings')
    .values({ key: SETTING, value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute();
}

/** True if another payment that has not failed is of the same order. */
async function normalise(trx: Trx, row: ExaminedRow): Promise<boolean> {
  const { id, external, shop_transaction_id: sent } = row;
  const key = sent === null ? null : orderKey(sent);
  if (key === sent || key === null) return false;
  const others = await trx
    .selectFrom('payments')
    .select('duplicate_guard')
    .where('shop_transaction_id', '=', key)
    .where('external', '=', external)
    .where('id', '!=', id)
    .where('state', '!=', 'FAILED')
    .execute();
  const isLookAlike = others.length > 0 && row.state !== 'FAILED';
  const isGuarded = others.some(({ duplicate_guard }) => duplicate_guard === 1);
  await trx
    .updateTable('payments')
    .set({
      shop_transaction_id: key,
      shop_transaction_id_sent: sql<string>`coalesce(shop_transaction_id_sent, shop_transaction_id)`,
      // The unique index of guards admits one of an order; a search finds the others.
      ...(isGuarded && { duplicate_guard: 0 }),
      ...(isLookAlike && { unguarded_acceptance: 1 }),
    })
    .where('id', '=', id)
    .where('shop_transaction_id', '=', sent)
    .execute();
  return isLookAlike;
}
