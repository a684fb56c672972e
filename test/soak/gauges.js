/**
 * Loaded into the gateway's process before its own code: on SIGUSR2, writes what the process holds into the file that
 * `SOAK_GAUGES` names, after a full collection. The gateway itself has no such signal.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { queryObjects } from 'node:v8';

const path = process.env.SOAK_GAUGES;
// Timers that do not keep the process alive, as most do not, are no active resources.
const { constructor: Timeout } = setTimeout(() => {}, 0);

process.on('SIGUSR2', () => {
  globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  const resources = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  // Renamed, so that a reader never sees half of it.
  const timers = queryObjects(Timeout, { format: 'count' });
  writeFileSync(`${path}.new`, JSON.stringify({ rss, heapUsed, external, timers, resources }));
  renameSync(`${path}.new`, path);
});
