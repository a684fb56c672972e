import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { OTHER_CPU } from '../server-process.js';
import type { LoadResult } from './closed-loop.js';
import type { GeneratorMessage, Load } from './generator.js';

const script = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The load generator, in a process of its own beside the stub. */
export class LoadGenerator {
  readonly #child: ChildProcess = spawn(
    'taskset',
    [
      '-c',
      OTHER_CPU,
      process.execPath,
      '--import',
      script('../../test/support/typescript-hooks.js'),
      script('./generator.ts'),
    ],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  );

  /** `onBegin` is called when the ramp is over and counting begins. */
  run(load: Load, onBegin: () => void = () => {}): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: GeneratorMessage): void => {
        if (message.kind === 'begun') {
          onBegin();
          return;
        }
        this.#child.off('message', onMessage);
        if (message.kind === 'done') resolve(message.result);
        else reject(new Error(`${load.operation} on port ${load.target.port}: ${message.message}`));
      };
      this.#child.on('message', onMessage);
      this.#child.send(load);
    });
  }

  stop(): void {
    this.#child.kill();
  }
}
