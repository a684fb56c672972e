import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { postgresPrograms } from '../support/postgres-cluster.js';
import { FailoverSite, faultsOf } from './failover.js';

const tested = Boolean(process.env['TEST_DATABASE_URL'] && postgresPrograms());
const onCluster = tested ? describe : describe.skip;

/** Ten rounds of each fault: `npm run test:failover`. */
onCluster('Two replicas, with a primary and its synchronous standby in DATABASE_URL', () => {
  let site: FailoverSite;
  beforeAll(async () => {
    site = await FailoverSite.open({ built: false });
  }, 60_000);
  afterAll(() => site.close(), 30_000);

  it.each(['kill', 'black hole'] as const)(
    'pay on the promoted standby after a failure of the primary: %s',
    async (fault) => {
      const result = await site.round(fault, 500);
      expect(result.paid).toBeGreaterThan(0);
      expect(faultsOf(fault, result)).toEqual([]);
    },
    60_000,
  );
});
