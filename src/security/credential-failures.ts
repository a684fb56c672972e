import type { Clock } from '../shared/clock.js';

/** Of people who mistype, and of a deployment that begins with an old key. */
const FREE = 10;
const FIRST_MS = 250;
const LONGEST_MS = 8_000;
/** Without a failure for this long, an address begins anew. */
const FORGET_MS = 900_000;
/** Refusals that wait at the same time. One that would be beyond them is answered at once, and its connection closes. */
const MAX_WAITING_EACH = 16;
const MAX_WAITING = 1_000;
const MAX_NETWORKS = 10_000;

interface Failures {
  count: number;
  waiting: number;
  lastAtMs: number;
}

/**
 * Wrong credentials by network (PCI DSS 8.3.4, 10.2.1.4): the more there were, the later the next one is refused. Right
 * ones are never looked up here, so that no caller suffers from a guesser behind the same address. In memory, and so per
 * replica; above 10,000 networks the one whose last failure is the oldest is forgotten.
 */
export class CredentialFailures {
  readonly #networks = new Map<string, Failures>();
  #waiting = 0;

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly maxNetworks = MAX_NETWORKS,
  ) {}

  get size(): number {
    return this.#networks.size;
  }

  /** Records one failure. How long its refusal must wait, in milliseconds; undefined: no more may wait. */
  record(network: string): number | undefined {
    const failures = this.#of(network);
    failures.count += 1;
    if (failures.count <= FREE) return 0;
    if (failures.waiting === MAX_WAITING_EACH || this.#waiting === MAX_WAITING) return undefined;
    const waitMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures.count - FREE - 1, 16));
    failures.waiting += 1;
    this.#waiting += 1;
    // Also if the client does not wait: otherwise it could hang up and try the next key at once.
    setTimeout(() => {
      failures.waiting -= 1;
      this.#waiting -= 1;
    }, waitMs).unref();
    return waitMs;
  }

  #of(network: string): Failures {
    const now = this.clock.now();
    const known = this.#networks.get(network);
    const failures =
      known && now - known.lastAtMs < FORGET_MS
        ? known
        : { count: 0, waiting: known?.waiting ?? 0, lastAtMs: now };
    failures.lastAtMs = now;
    // Behind all others: the map is in the order of the last failures.
    this.#networks.delete(network);
    const [oldest] = this.#networks.keys();
    if (oldest !== undefined && this.#networks.size >= this.maxNetworks) this.#networks.delete(oldest);
    this.#networks.set(network, failures);
    return failures;
  }
}
