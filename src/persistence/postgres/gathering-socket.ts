import { Socket } from 'node:net';

/** A server that does not accept a connection in this time is unreachable: its packets are dropped. */
const CONNECT_LIMIT_MS = 2_000;

/**
 * A socket that sends everything written in one turn of the event loop together. A transaction begins with two
 * queries at once, and the outcome of a payment takes two more; each separate write is a system call, and those are
 * more than half of what PostgreSQL costs the gateway.
 */
export function gatheringSocket(): Socket {
  const socket = new Socket();
  const late = setTimeout(() => {
    if (socket.connecting) socket.destroy(new Error(`no connection within ${CONNECT_LIMIT_MS} ms`));
  }, CONNECT_LIMIT_MS).unref();
  socket.once('close', () => clearTimeout(late));
  return socket.once('connect', () => {
    clearTimeout(late);
    // Not before: `connect` resets `write`, also that of a subclass.
    gather(socket);
  });
}

function gather(socket: Socket): void {
  const write = socket.write.bind(socket) as (...chunk: readonly unknown[]) => boolean;
  let gathering = false;
  const release = (): void => {
    gathering = false;
    socket.uncork();
  };
  socket.write = (...chunk: readonly unknown[]): boolean => {
    if (!gathering) {
      gathering = true;
      socket.cork();
      process.nextTick(release);
    }
    return write(...chunk);
  };
}
