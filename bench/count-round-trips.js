/**
 * Imported before a gateway (`node --import`): counts its writes to PostgreSQL, each of which waits for an answer, and keeps
 * the count in the file COUNT_FILE.
 */
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';

const port = Number(process.env.COUNT_PORT);
const file = process.env.COUNT_FILE;
const EVERY_MS = 50;
const write = Reflect.get(Socket.prototype, '_writeGeneric');
let count = 0;
Socket.prototype._writeGeneric = function (...rest) {
  if (this.remotePort === port) count += 1;
  return write.apply(this, rest);
};
setInterval(() => writeFileSync(file, String(count)), EVERY_MS).unref();
