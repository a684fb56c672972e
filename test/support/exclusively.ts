import { createServer, type Server } from 'node:net';

const POLL_MS = 100;

/**
 * Runs `work` while no other test of this checkout runs with the same `name`: test files run side by side. The lock is a
 * socket of the process, so that it ends with it.
 */
export async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  const lock = await lockNamed(`\0tollgate-test ${process.cwd()} ${name}`);
  try {
    return await work();
  } finally {
    lock.close();
  }
}

async function lockNamed(path: string): Promise<Server> {
  for (;;) {
    const server = createServer();
    const isOwn = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(path, () => resolve(true));
    });
    if (isOwn) return server;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
