import type { SeededRandom } from '../support/seeded-random.js';
import type { Stage } from './callers.js';
import { EXTERNALS, RECEIVERS, writeExternals, writeReceivers } from './configuration.js';
import { sleep } from './platform.js';
import type { Replica } from './replica.js';

const LONGEST_STEP_MS = 2 * 3_600_000;
/** Longer than a lease, and than any deadline. */
const LONGEST_STOP_MS = 50_000;

export interface DisturbedStage extends Stage {
  readonly replicas: readonly Replica[];
  count(what: string): void;
  beginOutage(host: string, durationMs: number): void;
}

/** Disturbs the world at random moments: configuration files, clocks, stopped processes, outages, and callbacks of strangers. */
export function disturb(stage: DisturbedStage): void {
  void repeat(stage, 'reload', 4_000, (random) => {
    if (random.next() < 0.6) writeExternals(random);
    else writeReceivers(random);
    stage.count('configuration files changed');
  });
  void repeat(stage, 'clock', 8_000, (random) => {
    const replica = stage.replicas[random.below(stage.replicas.length)]!;
    const byMs = random.below(2 * LONGEST_STEP_MS) - LONGEST_STEP_MS;
    replica.clockStepMs += byMs;
    stage.count(byMs > 0 ? 'clocks jumped forward' : 'clocks jumped back');
  });
  void repeat(stage, 'stop', 20_000, (random) => {
    stage.replicas[random.below(stage.replicas.length)]!.stop(500 + random.below(LONGEST_STOP_MS));
    stage.count('replicas stopped for a while');
  });
  void repeat(stage, 'outage', 5_000, (random) => {
    const names = random.next() < 0.5 ? EXTERNALS : RECEIVERS;
    const name = names[random.below(names.length)]!;
    stage.beginOutage(`${name}.test`, 500 + random.below(names === EXTERNALS ? 5_000 : 40_000));
    stage.count(`outages of ${names === EXTERNALS ? 'externals' : 'receivers'}`);
  });
  void repeat(stage, 'stranger', 5_000, async (random) => {
    const external = EXTERNALS[random.below(EXTERNALS.length)]!;
    const path = `/v3/${external}/callback?paymentId=pm-of-nobody-${random.below(1_000)}`;
    await stage.send(random, { method: 'POST', path, body: {} });
    stage.count('callbacks of strangers');
  });
}

async function repeat(
  stage: Stage,
  actor: string,
  everyMs: number,
  act: (random: SeededRandom) => void | Promise<void>,
): Promise<void> {
  for (let step = 0; stage.goesOn; step += 1) {
    const name = `${actor}.${step}`;
    const random = stage.chance.of(name);
    await sleep(random.below(2 * everyMs));
    if (stage.goesOn && stage.chance.happens(name)) await act(random);
  }
}
