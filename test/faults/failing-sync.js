/** Loaded before the gateway: the fdatasync number FAILING_SYNC fails with EIO, all others succeed. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { fdatasync } = fs;
let calls = 0;

fs.fdatasync = (descriptor, callback) => {
  calls += 1;
  if (calls !== Number(process.env['FAILING_SYNC'])) return fdatasync(descriptor, callback);
  const error = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' });
  setImmediate(callback, error);
};
syncBuiltinESMExports();
