/** Ticks five times a millisecond, which Node's own timers cannot. */
import { parentPort } from 'node:worker_threads';

const never = new Int32Array(new SharedArrayBuffer(4));
const PERIOD_MS = 0.2;

for (;;) {
  Atomics.wait(never, 0, 0, PERIOD_MS);
  parentPort.postMessage(0);
}
