import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { latenciesOf } from './load/latencies.js';

const SYNCS = 200;
/** Two pages of SQLite's log, as one payment writes. */
const BYTES = 8_192;

/** What the disk of `folder` takes by itself to make a write durable, in one line. A payment waits for it twice. */
export function diskLine(folder: string): string {
  const path = join(folder, 'disk');
  const file = openSync(path, 'w');
  const block = Buffer.alloc(BYTES, 1);
  const durationsMs = Array.from({ length: SYNCS }, () => {
    writeSync(file, block);
    const startedAt = performance.now();
    fdatasyncSync(file);
    return performance.now() - startedAt;
  });
  closeSync(file);
  rmSync(path);
  const { p50, p99, max } = latenciesOf(durationsMs);
  return `The disk itself: an fdatasync after 8 KiB takes ${p50.toFixed(2)} ms at the median, ${p99.toFixed(2)} at p99, ${max.toFixed(2)} at most (${SYNCS} in a row).`;
}
