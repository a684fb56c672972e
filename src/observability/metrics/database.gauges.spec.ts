import { beforeEach, describe, expect, it } from '@jest/globals';
import { Exposition } from '../../../test/support/exposition.js';
import { TestClock } from '../../../test/support/test-clock.js';
import { StorageUnavailable, type Store, type Trx } from '../../persistence/store.js';
import { DatabaseGauges } from './database.gauges.js';
import { Metrics } from './metrics.js';

describe('DatabaseGauges', () => {
  let metrics: Metrics;
  let gauges: DatabaseGauges;
  let reads: number;
  let read: () => Promise<void>;
  let ping: () => Promise<void>;

  beforeEach(() => {
    reads = 0;
    read = () => Promise.resolve();
    ping = () => Promise.resolve();
    const store = {
      ping: () => ping(),
      read: async <T>(work: (db: Trx) => Promise<T>) => {
        reads += 1;
        await read();
        return work(undefined as never);
      },
    } as Store;
    metrics = new Metrics();
    gauges = new DatabaseGauges(metrics, store, new TestClock());
    gauges.add({ tollgate_waiting: { help: 'w' } }, () =>
      Promise.resolve({ tollgate_waiting: [{ value: 3 }] }),
    );
    gauges.add({ tollgate_by: { help: 'b', labelNames: ['external'] } }, () =>
      Promise.resolve({ tollgate_by: [{ labels: { external: 'acme' }, value: 1 }] }),
    );
  });

  const scrape = async (): Promise<Exposition> => {
    await gauges.refresh();
    return new Exposition(await metrics.text());
  };

  it('are read together, once for simultaneous and close scrapes', async () => {
    const scrapes = await Promise.all([scrape(), scrape()]);
    scrapes.push(await scrape());
    expect(reads).toBe(1);
    for (const scraped of scrapes) {
      expect(scraped.value('tollgate_waiting')).toBe(3);
      expect(scraped.value('tollgate_by', { external: 'acme' })).toBe(1);
      expect(scraped.value('tollgate_database_up')).toBe(1);
    }
  });

  it('are absent, not zero, while the database cannot be read', async () => {
    read = () => Promise.reject(new StorageUnavailable('gone', 'not-committed'));
    const scraped = await scrape();
    expect([scraped.value('tollgate_waiting'), scraped.value('tollgate_by')]).toEqual([undefined, undefined]);
  });

  it('report a database that can be read and not written to, such as one on a full disk', async () => {
    ping = () => Promise.reject(new StorageUnavailable('disk full', 'not-committed'));
    const scraped = await scrape();
    expect(scraped.value('tollgate_database_up')).toBe(0);
    expect(scraped.value('tollgate_waiting')).toBe(3);
  });

  it('delay no scrape while reads queue for a connection, which is no verdict about the database', async () => {
    read = () => new Promise(() => {});
    const startedAt = performance.now();
    const scraped = await scrape();
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    expect(scraped.value('tollgate_database_up')).toBe(1);
    expect(scraped.value('tollgate_waiting')).toBeUndefined();
  });

  it('delay no scrape while the database does not answer', async () => {
    read = () => new Promise(() => {});
    ping = () => Promise.reject(new StorageUnavailable('no answer in time', 'not-committed'));
    const startedAt = performance.now();
    const scraped = await scrape();
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    expect(scraped.value('tollgate_database_up')).toBe(0);
  });
});
