import { SeededRandom } from '../support/seeded-random.js';

/**
 * Decides by the seed what happens. Every decision has a name and a random source of its own, so that a history in which
 * some of it does not happen goes on as before: that is how a failure is shrunk.
 */
export class Chance {
  /** What happened, in order: steps of actors, such as `caller-3.17`, and faults. */
  readonly happened: string[] = [];
  readonly #times = new Map<string, number>();
  readonly #lastSteps: ReadonlyMap<string, number> | undefined;

  /** `only`: nothing else happens. */
  constructor(
    readonly seed: number,
    private readonly only?: ReadonlySet<string>,
  ) {
    this.#lastSteps = only && lastSteps(only);
  }

  of(name: string): SeededRandom {
    let hash = 0x811c9dc5 ^ this.seed;
    for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    return new SeededRandom(hash);
  }

  /** `name`, told apart from its earlier occurrences. */
  again(name: string): string {
    const times = (this.#times.get(name) ?? 0) + 1;
    this.#times.set(name, times);
    return times === 1 ? name : `${name} #${times}`;
  }

  /** Records that `name` happens, unless this history does without it. */
  happens(name: string): boolean {
    if (this.only && !this.only.has(name)) return false;
    this.happened.push(name);
    return true;
  }

  /** The number of the last step of `actor` that may happen. */
  lastStepOf(actor: string): number {
    return this.#lastSteps ? (this.#lastSteps.get(actor) ?? -1) : Infinity;
  }
}

function lastSteps(names: ReadonlySet<string>): Map<string, number> {
  const last = new Map<string, number>();
  for (const name of names) {
    const [, actor, step] = /^([a-z]+(?:-\d+)?)\.(\d+)$/.exec(name) ?? [];
    if (actor !== undefined) last.set(actor, Math.max(last.get(actor) ?? -1, Number(step)));
  }
  return last;
}
