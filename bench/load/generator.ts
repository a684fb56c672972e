/** The load generator's process: does one load after the other, as it is told over IPC. */
import { closedLoop, type ClosedLoop, type LoadResult } from './closed-loop.js';
import { openLoop, type OpenLoop } from './open-loop.js';

export type Load = ClosedLoop | OpenLoop;

export type GeneratorMessage =
  | { readonly kind: 'begun' }
  | { readonly kind: 'done'; readonly result: LoadResult }
  | { readonly kind: 'failed'; readonly message: string };

function tell(message: GeneratorMessage): void {
  process.send!(message);
}

async function generate(load: Load): Promise<void> {
  const begun = (): void => tell({ kind: 'begun' });
  try {
    const result = load.kind === 'closed-loop' ? await closedLoop(load, begun) : await openLoop(load, begun);
    tell({ kind: 'done', result });
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
}

process.on('message', (load: Load) => void generate(load));
