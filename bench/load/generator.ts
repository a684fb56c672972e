/** The load generator's process: generates one load after the other, on messages over IPC. */
import { closedLoop, type ClosedLoop, type LoadResult } from './closed-loop.js';
import { openLoop, type OpenLoop } from './open-loop.js';

export type Load = ClosedLoop | OpenLoop;

export type GeneratorMessage =
  | { readonly kind: 'begun' }
  | { readonly kind: 'done'; readonly result: LoadResult }
  | { readonly kind: 'failed'; readonly message: string };

function report(message: GeneratorMessage): void {
  process.send!(message);
}

async function generate(load: Load): Promise<void> {
  const begun = (): void => report({ kind: 'begun' });
  try {
    const result = load.kind === 'closed-loop' ? await closedLoop(load, begun) : await openLoop(load, begun);
    report({ kind: 'done', result });
  } catch (error) {
    report({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
}

process.on('message', (load: Load) => void generate(load));
