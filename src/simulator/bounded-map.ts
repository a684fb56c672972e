/**
 * A map that holds `max` entries at most. When it is full, the oldest tenth of those that `mayGo` allows makes room
 * (in one sweep, because dropping them singly costs a walk over the holes each time); where too few may go, the oldest go
 * all the same, so that memory stays bounded whatever happens.
 */
export class BoundedMap<Value> {
  readonly #entries = new Map<string, Value>();
  #dropped = 0;

  constructor(
    private readonly max: number,
    private readonly mayGo: (value: Value) => boolean,
    private readonly onDrop: (value: Value) => void = () => undefined,
  ) {}

  get size(): number {
    return this.#entries.size;
  }

  /** How many entries made room for newer ones. */
  get dropped(): number {
    return this.#dropped;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: Value): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.max) return;
    const target = Math.floor(this.max * 0.9);
    this.#sweep(target, key, this.mayGo);
    this.#sweep(target, key, () => true);
  }

  values(): IteratorObject<Value> {
    return this.#entries.values();
  }

  entries(): IteratorObject<[string, Value]> {
    return this.#entries.entries();
  }

  clear(): void {
    this.#entries.clear();
    this.#dropped = 0;
  }

  #sweep(target: number, newest: string, mayGo: (value: Value) => boolean): void {
    for (const [key, value] of this.#entries) {
      if (this.#entries.size <= target) return;
      if (key === newest || !mayGo(value)) continue;
      this.#entries.delete(key);
      this.#dropped += 1;
      this.onDrop(value);
    }
  }
}
