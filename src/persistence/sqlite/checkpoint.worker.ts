/**
 * A thread with its own connection that copies the write-ahead log into the database on each message. Loaded by path,
 * also from the sources (Node strips the types), hence without imports of this project and without TypeScript that
 * needs compiling.
 */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const { path, busyTimeoutMs } = workerData as { path: string; busyTimeoutMs: number };
const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
const checkpoint = database.prepare('pragma wal_checkpoint(passive)');

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
parentPort!.on('message', () => parentPort!.postMessage(checkpointResult()));

/** How many frames the log has, or why the checkpoint failed: the frames are then still in the log. */
function checkpointResult(): { frames: number } | { message: string; errcode: unknown } {
  try {
    return { frames: Number(checkpoint.get()!['log']) };
  } catch (error) {
    return { message: (error as Error).message, errcode: (error as { errcode?: unknown }).errcode };
  }
}
