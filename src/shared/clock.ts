import { uptime } from 'node:os';

/** A change of the machine's clock that time itself does not explain. */
export interface ClockStep {
  /** Positive: forward. */
  readonly byMs: number;
  /** Whose clock stepped. */
  readonly clock: 'machine' | 'database';
}

/** A step of the database's clock that is waited out. */
export interface ClockOffset {
  /** {@link Clock.now} minus the database's clock; negative after a step forward. */
  readonly heldMs: number;
  /** How long ago the clock stepped. */
  readonly sinceMs: number;
}

/** The only source of the current time. Injected, so that tests can advance time instead of waiting. */
export abstract class Clock {
  /** Called for each step; must not throw. */
  onStep: ((step: ClockStep) => void) | undefined;

  /** Milliseconds since the Unix epoch, UTC. */
  abstract now(): number;

  /** How far the machine's clock is ahead of {@link now}. */
  get skewMs(): number {
    return 0;
  }

  /** The time for what other machines compare with their clocks: signatures and tokens. */
  wall(): number {
    return this.now();
  }

  /**
   * Begins a time limit that counts pauses of the process and of the machine. The result returns true once the limit
   * may have passed: after an unexplained step forward, it assumes that the machine was paused.
   */
  limit(ms: number): () => boolean {
    const endMs = this.now() + ms;
    return () => this.now() >= endMs;
  }

  /** Corrects {@link now} by the database's clock, which was read `roundTripMs` ago at most. */
  follow(_databaseMs: number, _roundTripMs: number): void {}

  /** How the time of this gateway differs from the database's clock. */
  offset(): ClockOffset {
    return { heldMs: 0, sinceMs: 0 };
  }

  /** Continues with the offset of the other replicas: all must agree about deadlines and leases. */
  adopt(_offset: ClockOffset): void {}

  /** {@link now} returns `ms` or later from now on: the time of the newest row, after the clock was set back. */
  startAt(_ms: number): void {}
}

/** The sources of {@link SystemClock}, each in milliseconds. */
export interface ClockSources {
  readonly wall: () => number;
  /** Counts pauses of the process. */
  readonly monotonic: () => number;
  /** Counts pauses of the machine too. */
  readonly uptime: () => number;
}

const MACHINE: ClockSources = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  uptime: () => uptime() * 1_000,
};

/** A larger difference between two clocks is a step. NTP corrects smaller ones gradually. */
const STEP_MS = 1_000;
/** How long a step must last before it counts. */
export const STEP_PERSISTS_MS = 600_000;
/** At a start, one of two clocks that differ more is wrong, and nothing says which. */
const DOUBTFUL_OFFSET_MS = 600_000;
/** Smaller offsets of the database's clock are not distinguished from the time that the query takes. */
const NEGLIGIBLE_OFFSET_MS = 250;

/**
 * The machine's clock without its steps. Keys that expire, deadlines and leases must not follow a clock that jumps:
 *
 * - A step of the machine's clock does not change {@link now}. If it lasts for {@link STEP_PERSISTS_MS}, a step
 *   forward is then accepted at once. After a step back the time runs at half speed until both agree: it never goes
 *   back, so that what is due stays due.
 * - The pause of a suspended machine is no step: its uptime counts it.
 * - On PostgreSQL, all replicas follow the database's clock ({@link follow}). One that starts adopts what the others
 *   wait out ({@link adopt}). Without others, a difference of more than 10 minutes counts as a step.
 */
export class SystemClock extends Clock {
  #wall: number;
  #monotonic: number;
  /** Uptime minus monotonic time: grows while the machine is suspended. */
  #suspended: number;
  /** Added to the machine's clock. */
  #correction = 0;
  /** The correction once every step has lasted long enough. */
  #target = 0;
  #following = false;
  /** Monotonic time of the last step, and the correction since then. */
  #steppedAt = 0;
  #held = 0;

  constructor(private readonly sources: ClockSources = MACHINE) {
    super();
    this.#wall = sources.wall();
    this.#monotonic = sources.monotonic();
    this.#suspended = sources.uptime() - this.#monotonic;
  }

  now(): number {
    const wall = this.sources.wall();
    const monotonic = this.sources.monotonic();
    const stepMs = wall - this.#wall - (monotonic - this.#monotonic);
    this.#wall = wall;
    this.#monotonic = monotonic;
    if (stepMs > STEP_MS || stepMs < -STEP_MS) this.#step(Math.round(stepMs));
    if (this.#correction !== this.#target) this.#approach();
    return wall + this.#correction;
  }

  override get skewMs(): number {
    return this.#correction === 0 ? 0 : -this.#correction;
  }

  override wall(): number {
    const now = this.now();
    const settled = this.#monotonic - this.#steppedAt >= STEP_PERSISTS_MS;
    return settled ? now - this.#correction + this.#target : now;
  }

  override limit(ms: number): () => boolean {
    const endMs = this.now() + ms;
    const wallEndMs = this.#wall + ms;
    return () => this.now() >= endMs || this.#wall >= wallEndMs;
  }

  override follow(databaseMs: number, roundTripMs: number): void {
    this.now();
    const offsetMs = Math.round(databaseMs + roundTripMs / 2 - this.#wall);
    const negligible = NEGLIGIBLE_OFFSET_MS + roundTripMs / 2;
    const target = Math.abs(offsetMs) <= negligible ? 0 : offsetMs;
    const changeMs = target - this.#target;
    if (Math.abs(changeMs) <= negligible && target !== 0) return;
    this.#target = target;
    if (!this.#following && Math.abs(target) <= DOUBTFUL_OFFSET_MS) this.#correction = target;
    else if (Math.abs(changeMs) > STEP_MS) this.#hold({ byMs: changeMs, clock: 'database' });
    this.#following = true;
  }

  override offset(): ClockOffset {
    this.now();
    const heldMs = this.#correction - this.#target;
    return { heldMs, sinceMs: heldMs === 0 ? 0 : this.#monotonic - this.#steppedAt };
  }

  override adopt({ heldMs, sinceMs }: ClockOffset): void {
    const byMs = this.offset().heldMs - heldMs;
    const differs = Math.abs(byMs) > STEP_MS;
    if (differs) this.#correction = this.#target + heldMs;
    if (Math.abs(heldMs) <= STEP_MS) return;
    if (differs) this.onStep?.({ byMs, clock: 'database' });
    this.#steppedAt = this.#monotonic - sinceMs;
    // Where the correction was before it approached the target at half speed.
    this.#held = this.#correction + Math.floor(Math.max(0, sinceMs - STEP_PERSISTS_MS) / 2);
  }

  override startAt(ms: number): void {
    const byMs = this.now() - ms;
    if (byMs >= -STEP_MS) return;
    this.#correction -= byMs;
    this.#hold({ byMs, clock: this.#following ? 'database' : 'machine' });
  }

  #step(byMs: number): void {
    const suspended = this.sources.uptime() - this.#monotonic;
    const suspendedMs = suspended - this.#suspended;
    this.#suspended = suspended;
    if (Math.abs(byMs - suspendedMs) <= STEP_MS) return;
    this.#correction -= byMs;
    // The database's clock is where it was.
    if (this.#following) this.#target -= byMs;
    this.#hold({ byMs, clock: 'machine' });
  }

  #hold(step: ClockStep): void {
    this.#steppedAt = this.#monotonic;
    this.#held = this.#correction;
    this.onStep?.(step);
  }

  #approach(): void {
    const leftMs = this.#target - this.#correction;
    const overdueMs = this.#monotonic - this.#steppedAt - STEP_PERSISTS_MS;
    if (Math.abs(leftMs) <= STEP_MS || (overdueMs >= 0 && leftMs > 0)) this.#correction = this.#target;
    else if (overdueMs >= 0)
      this.#correction = Math.max(this.#target, this.#held - Math.floor(overdueMs / 2));
  }
}
