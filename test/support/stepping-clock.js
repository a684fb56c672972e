// Loaded with `node --import`: the machine's clock of this process is ahead by what the file of CLOCK_FILE holds, in
// milliseconds. Nothing else changes: the monotonic clock runs on, as after a step by NTP or a hypervisor.
import { readFileSync } from 'node:fs';

const realNow = Date.now;
const path = process.env.CLOCK_FILE;
let offsetMs = 0;
const read = () => {
  let nextMs = 0;
  try {
    nextMs = Number(readFileSync(path, 'utf8'));
  } catch {
    // There is no file before the first step.
  }
  if (nextMs === offsetMs) return;
  offsetMs = nextMs;
  process.stderr.write(`The machine’s clock is ahead by ${offsetMs} ms\n`);
};
read();
setInterval(read, 20).unref();
Date.now = () => realNow() + offsetMs;
