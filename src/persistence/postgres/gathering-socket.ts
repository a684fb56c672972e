import { Socket } from 'node:net';

/**
 * A socket that sends everything written in one turn of the event loop together. A transaction begins with two
 * queries at once, and the outcome of a payment takes two more; each separate write is a system call, and those are
 * more than half of what PostgreSQL costs the gateway.
 */
export function gatheringSocket(): Socket {
  const socket = new Socket();
  // Not before: `connect` resets `write`, also that of a subclass.
  return socket.once('connect', () => gather(socket));
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
