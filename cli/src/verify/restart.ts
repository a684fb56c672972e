import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError, EXIT } from '../exit-codes.js';

const POLL_MS = 200;
const BACK_WITHIN_MS = 30_000;

/**
 * Runs the command of `--restart` in a shell, and resolves once it has ended well and the external answers again.
 * @throws CommandError where the command fails, or nothing answers within 30 s
 */
export async function restartBy(
  command: string,
  isBack: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(command, { shell: true, stdio: ['ignore', 'ignore', 'inherit'], signal });
  const [code] = (await once(child, 'exit')) as [number | null];
  signal.throwIfAborted();
  if (code !== 0) throw new CommandError(`--restart: the command ended with ${code}`, EXIT.usage);
  const deadline = AbortSignal.timeout(BACK_WITHIN_MS);
  while (!(await isBack())) {
    signal.throwIfAborted();
    if (deadline.aborted)
      throw new CommandError(
        `--restart: the external did not answer within ${BACK_WITHIN_MS / 1_000} s`,
        EXIT.unreachable,
      );
    await sleep(POLL_MS, undefined, { signal });
  }
}
