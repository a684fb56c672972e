import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ClockStep, STEP_PERSISTS_MS, SystemClock } from './clock.js';

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 15, 12);

describe('SystemClock', () => {
  let wall: number;
  let monotonic: number;
  let uptime: number;
  let clock: SystemClock;
  let steps: ClockStep[];

  beforeEach(() => {
    [wall, monotonic, uptime, steps] = [START, 5_000, 100_000, []];
    clock = another();
    clock.onStep = (step) => steps.push(step);
  });

  const another = (): SystemClock =>
    new SystemClock({ wall: () => wall, monotonic: () => monotonic, uptime: () => uptime });
  const pass = (ms: number): void => {
    wall += ms;
    monotonic += ms;
    uptime += ms;
  };

  it('is the machine’s clock while it does not step', () => {
    pass(HOUR_MS);
    wall -= 400;
    expect(clock.now()).toBe(START + HOUR_MS - 400);
    expect(steps).toEqual([]);
  });

  it('does not follow a step forward that is taken back', () => {
    wall += 25 * HOUR_MS;
    expect(clock.now()).toBe(START);
    pass(6_000);
    expect(clock.now()).toBe(START + 6_000);
    expect(clock.skewMs).toBe(25 * HOUR_MS);
    wall -= 25 * HOUR_MS;
    expect(clock.now()).toBe(START + 6_000);
    pass(STEP_PERSISTS_MS);
    expect(clock.now()).toBe(START + 6_000 + STEP_PERSISTS_MS);
    expect(clock.skewMs).toBe(0);
    expect(steps.map(({ byMs }) => byMs)).toEqual([25 * HOUR_MS, -25 * HOUR_MS]);
  });

  it('follows a step forward that lasts', () => {
    wall += HOUR_MS;
    clock.now();
    pass(STEP_PERSISTS_MS - 1);
    expect(clock.now()).toBe(wall - HOUR_MS);
    pass(1);
    expect(clock.now()).toBe(wall);
  });

  it('never goes back: after a step back that lasts, it runs at half speed until both agree', () => {
    wall -= 3 * HOUR_MS;
    expect(clock.now()).toBe(START);
    pass(STEP_PERSISTS_MS);
    const before = clock.now();
    expect(before).toBe(START + STEP_PERSISTS_MS);
    expect(clock.wall()).toBe(wall);
    for (let call = 0; call < 1_000; call++) {
      pass(1);
      clock.now();
    }
    expect(clock.now()).toBe(before + 500);
    pass(6 * HOUR_MS);
    expect(clock.now()).toBe(wall);
  });

  it('counts the time for which the machine was suspended', () => {
    wall += HOUR_MS;
    uptime += HOUR_MS;
    expect(clock.now()).toBe(START + HOUR_MS);
    expect(steps).toEqual([]);
  });

  it('ends a time limit after a pause of the process or the machine, and after an unexplained step', () => {
    const limits = [clock.limit(5_000), clock.limit(10_000)];
    pass(4_999);
    expect(limits.map((passed) => passed())).toEqual([false, false]);
    pass(1);
    expect(limits.map((passed) => passed())).toEqual([true, false]);
    wall += 60_000;
    expect(limits.map((passed) => passed())).toEqual([true, true]);
    expect(clock.limit(5_000)()).toBe(false);
  });

  it('follows the database’s clock from the first reading', () => {
    wall += 60_000;
    const ahead = another();
    ahead.follow(START, 4);
    expect(ahead.now()).toBe(START + 2);
    expect(ahead.skewMs).toBe(59_998);
    wall += 25 * HOUR_MS;
    expect(ahead.now()).toBe(START + 2);
    pass(5_000);
    ahead.follow(START + 5_000, 4);
    expect(ahead.now()).toBe(START + 5_002);
  });

  it('does not follow a step of the database’s clock at once', () => {
    clock.follow(START, 0);
    clock.follow(START + HOUR_MS, 0);
    expect(clock.now()).toBe(START);
    expect(steps).toEqual([{ byMs: HOUR_MS, clock: 'database' }]);
    pass(STEP_PERSISTS_MS);
    expect(clock.now()).toBe(START + HOUR_MS + STEP_PERSISTS_MS);
  });

  it.each([25 * HOUR_MS, -3 * HOUR_MS])('counts a difference of %i ms at the start as a step', (byMs) => {
    clock.follow(START + byMs, 0);
    expect(clock.now()).toBe(START);
    expect(clock.offset()).toEqual({ heldMs: -byMs, sinceMs: 0 });
    pass(5_000);
    clock.follow(START + 5_000, 0);
    expect(clock.now()).toBe(START + 5_000);
    expect(clock.offset().heldMs).toBe(0);
  });

  it.each([60_000, 25 * HOUR_MS])('adopts what others wait out of a step of %i ms forward', (byMs) => {
    const other = another();
    other.follow(START, 0);
    other.follow(START + byMs, 0);
    pass(100_000);
    clock.follow(wall + byMs, 0);
    clock.adopt(other.offset());
    expect(clock.now()).toBe(other.now());
    expect(clock.now()).toBe(START + 100_000);
    pass(STEP_PERSISTS_MS - 100_000 - 1);
    expect(clock.now()).toBe(other.now());
    expect(clock.now()).toBe(wall);
    pass(1);
    expect(clock.now()).toBe(other.now());
    expect(clock.now()).toBe(wall + byMs);
  });

  it('adopts the half speed of others after a step back', () => {
    const other = another();
    other.follow(START, 0);
    other.follow(START - 3 * HOUR_MS, 0);
    pass(STEP_PERSISTS_MS + HOUR_MS);
    clock.follow(wall - 3 * HOUR_MS, 0);
    clock.adopt(other.offset());
    for (const ms of [0, 1_000, HOUR_MS, 6 * HOUR_MS]) {
      pass(ms);
      expect(Math.abs(clock.now() - other.now())).toBeLessThanOrEqual(1);
    }
    expect(clock.now()).toBe(wall - 3 * HOUR_MS);
  });

  it('follows the database at once although its machine is hours off where others do', () => {
    wall -= 5 * HOUR_MS;
    clock = another();
    clock.follow(START, 0);
    expect(clock.now()).toBe(wall);
    clock.adopt({ heldMs: 0, sinceMs: 0 });
    expect(clock.now()).toBe(START);
  });

  it('ignores an offset that the query may explain', () => {
    clock.follow(START + 200, 0);
    expect(clock.now()).toBe(START);
  });

  it('starts at the time of the newest row if the clock was set back', () => {
    clock.startAt(START - 1);
    expect(clock.now()).toBe(START);
    clock.startAt(START + 3 * HOUR_MS);
    expect(clock.now()).toBe(START + 3 * HOUR_MS);
    expect(steps).toEqual([{ byMs: -3 * HOUR_MS, clock: 'machine' }]);
  });
});
