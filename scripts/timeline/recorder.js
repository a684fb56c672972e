/**
 * Imported before a gateway (`node --import`): records what happens between the arrival of a request and its answer, and
 * sends it to the parent process. It wraps what Node offers, and nothing of the gateway.
 */
import { channel } from 'node:diagnostics_channel';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { DatabaseSync, StatementSync } from 'node:sqlite';

const postgresPort = Number(process.env.TIMELINE_POSTGRES_PORT) || undefined;
const { nodeTiming } = performance;
const STDOUT = 1;

/** Of the request that is answered now; undefined between requests. */
let marks;

/** `ms` of the clock, turns of the event loop, and the time that it has waited for something to happen, so far. */
function mark(what) {
  marks?.push({
    what,
    atMs: performance.now(),
    turn: nodeTiming.uvMetricsInfo.loopCount,
    waitedMs: nodeTiming.idleTime,
  });
}

channel('http.server.request.start').subscribe(({ request }) => {
  if (request.method !== 'POST') return;
  marks = [];
  mark('the request has arrived');
});
channel('http.server.response.finish').subscribe(({ request }) => {
  if (request.method !== 'POST' || !marks) return;
  mark('the answer is written');
  process.send(marks);
  marks = undefined;
});
channel('undici:client:sendHeaders').subscribe(() => mark('external: the request is written'));
channel('undici:request:headers').subscribe(() => mark('external: the answer arrives'));
channel('undici:request:trailers').subscribe(() => mark('external: the answer is read'));

const { fdatasync, write } = fs;
fs.fdatasync = (descriptor, callback) => {
  mark('disk: fdatasync is given to a thread');
  fdatasync(descriptor, (error) => {
    mark('disk: fdatasync is done');
    callback(error);
  });
};
fs.write = (descriptor, ...rest) => {
  if (descriptor === STDOUT) mark('log: a chunk is given to a thread');
  return write(descriptor, ...rest);
};
syncBuiltinESMExports();

for (const name of ['run', 'get', 'all']) {
  const method = StatementSync.prototype[name];
  StatementSync.prototype[name] = function (...values) {
    try {
      return method.apply(this, values);
    } finally {
      mark(`SQLite: ${/^\s*\w+/.exec(this.sourceSQL)?.[0].trim().toLowerCase()}`);
    }
  };
}
const exec = Reflect.get(DatabaseSync.prototype, 'exec');
DatabaseSync.prototype.exec = function (sql) {
  try {
    return exec.call(this, sql);
  } finally {
    mark(`SQLite: ${sql}`);
  }
};

if (postgresPort) {
  const writeToSystem = Reflect.get(Socket.prototype, '_writeGeneric');
  const push = Reflect.get(Socket.prototype, 'push');
  Socket.prototype._writeGeneric = function (...rest) {
    if (this.remotePort === postgresPort) mark('PostgreSQL: a packet is written');
    return writeToSystem.apply(this, rest);
  };
  Socket.prototype.push = function (chunk, ...rest) {
    if (this.remotePort === postgresPort) mark('PostgreSQL: a packet arrives');
    return push.call(this, chunk, ...rest);
  };
}

for (const name of ['setTimeout', 'setImmediate']) {
  const original = globalThis[name];
  const wrapped = (...rest) => {
    mark(name);
    return original(...rest);
  };
  globalThis[name] = Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
}
