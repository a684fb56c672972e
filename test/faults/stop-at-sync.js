/**
 * Loaded before the gateway. After SIGUSR2, the process stops itself (SIGSTOP) right after the fdatasync number
 * STOP_AT_SYNC, before its caller learns of it.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { fdatasync } = fs;
let left = Infinity;

process.on('SIGUSR2', () => {
  left = Number(process.env['STOP_AT_SYNC']);
  process.stderr.write('armed\n');
});
fs.fdatasync = (descriptor, callback) =>
  fdatasync(descriptor, (error) => {
    left -= 1;
    if (left === 0) {
      fs.writeSync(2, 'stopped\n');
      process.kill(process.pid, 'SIGSTOP');
    }
    callback(error);
  });
syncBuiltinESMExports();
