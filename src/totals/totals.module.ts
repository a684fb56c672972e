import { Module } from '@nestjs/common';
import { HourlyTotalRepository } from './hourly-total.repository.js';
import { TotalsCounter } from './totals.counter.js';
import { TotalsWorker } from './totals.worker.js';

/** The payments and refunds of each hour, for the figures of `/admin/summary` (SPEC §9). */
@Module({
  providers: [HourlyTotalRepository, TotalsCounter, TotalsWorker],
  exports: [HourlyTotalRepository, TotalsCounter],
})
export class TotalsModule {}
