import { Injectable } from '@nestjs/common';
import { NO_BACKLOG, NotificationRepository } from '../../notifications/notification.repository.js';
import { ReceiverRegistry } from '../../notifications/receiver.registry.js';
import { Store, type Trx } from '../../persistence/store.js';
import type { ExternalProvider } from '../../providers/external-provider.js';
import { ExternalProviderRegistry } from '../../providers/external-provider.registry.js';
import { Clock } from '../../shared/clock.js';
import { HOUR_MS, type HourlyTotalRow, hourOf, type TotalSubject } from '../../totals/hourly-total.table.js';
import { HourlyTotalRepository } from '../../totals/hourly-total.repository.js';
import { TotalsCounter } from '../../totals/totals.counter.js';
import { Attention } from '../attention/attention.service.js';
import { shownText, shownTime, shownTimeOrNone } from '../records/shown.js';
import type { DeliverySummary, ExternalSummary, PeriodSummary, Summary, TotalRecord } from './summary.js';

/** The figures of the console's first page (SPEC §9). */
@Injectable()
export class SummaryService {
  constructor(
    private readonly store: Store,
    private readonly registry: ExternalProviderRegistry,
    private readonly attention: Attention,
    private readonly notifications: NotificationRepository,
    private readonly receivers: ReceiverRegistry,
    private readonly totals: HourlyTotalRepository,
    private readonly counter: TotalsCounter,
    private readonly clock: Clock,
  ) {}

  /** Every part reads few rows, however many payments there are. */
  async summary(): Promise<Summary> {
    const nowMs = this.clock.now();
    const externals = this.registry
      .all()
      .map(externalSummary)
      .toSorted((a, b) => (a.external < b.external ? -1 : 1));
    const stored = await this.store.read(async (db) => ({
      attention: await this.attention.counts(db),
      deliveries: await this.#deliveries(db),
      countedAt: shownTimeOrNone(await this.counter.countedAt(db)),
      last24Hours: await this.#period(db, nowMs, 24, 1),
      last30Days: await this.#period(db, nowMs, 30, 24),
    }));
    return { at: shownTime(nowMs), externals, ...stored };
  }

  async #deliveries(db: Trx): Promise<DeliverySummary[]> {
    const backlogs = await this.notifications.backlog(db);
    const names = new Set([...this.receivers.names(), ...backlogs.keys()]);
    return [...names].toSorted().map((receiver) => {
      const { waiting, oldestCreatedAtMs, dead } = backlogs.get(receiver) ?? NO_BACKLOG;
      return { receiver, waiting, oldestWaitingSince: shownTimeOrNone(oldestCreatedAtMs), dead };
    });
  }

  /** The last of the steps is the present one, and not over. */
  async #period(db: Trx, nowMs: number, steps: number, stepHours: number): Promise<PeriodSummary> {
    const fromHour = hourOf(nowMs) + 1 - steps * stepHours;
    const rows = await this.totals.periods(db, fromHour, stepHours);
    return {
      from: shownTime(fromHour * HOUR_MS),
      stepHours,
      steps,
      payments: totalsOf(rows, 'payment', steps),
      refunds: totalsOf(rows, 'refund', steps),
    };
  }
}

function externalSummary(provider: ExternalProvider): ExternalSummary {
  const { circuit, nextTryAt, inFlight, lastSuccessAt, lastFailureAt, lastFailure, lastHour } =
    provider.health();
  return {
    external: provider.config.name,
    circuit,
    nextTryAt: shownTimeOrNone(nextTryAt),
    inFlight,
    maxConcurrency: provider.config.maxConcurrency,
    lastSuccessAt: shownTimeOrNone(lastSuccessAt),
    lastFailureAt: shownTimeOrNone(lastFailureAt),
    lastFailure: shownText(lastFailure),
    lastHour: lastHour && {
      calls: lastHour.calls,
      successRate: 1 - lastHour.failed / lastHour.calls,
      p95Ms: Math.round(lastHour.p95Ms),
    },
  };
}

/** One total for each currency and state, with its values by step. */
function totalsOf(rows: readonly HourlyTotalRow[], subject: TotalSubject, steps: number): TotalRecord[] {
  const totals = new Map<string, TotalRecord>();
  for (const row of rows) {
    // A clock that was set back has made hours of the future.
    if (row.subject !== subject || row.hour >= steps) continue;
    const key = `${row.currency} ${row.state}`;
    const total = totals.get(key) ?? emptyTotal(row, steps);
    totals.set(key, total);
    total.items += row.items;
    total.amount += row.amount_minor;
    total.itemsByStep[row.hour] = row.items;
    total.amountByStep[row.hour] = row.amount_minor;
  }
  return [...totals].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, total]) => total);
}

function emptyTotal({ currency, state }: HourlyTotalRow, steps: number): TotalRecord {
  const zeros = (): number[] => Array.from({ length: steps }, () => 0);
  return {
    ...(currency !== '' && { currency }),
    state,
    items: 0,
    amount: 0,
    itemsByStep: zeros(),
    amountByStep: zeros(),
  };
}
