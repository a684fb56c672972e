/**
 * A map of at most `max` entries. When it is full, it drops the oldest tenth that is evictable, or the oldest of all where
 * too few are. It drops a tenth at a time because V8 walks over the deleted entries of a map at each iteration.
 */
export class BoundedMap<Value> {
  readonly #entries = new Map<string, Value>();
  #dropped = 0;

  constructor(
    private readonly max: number,
    private readonly isEvictable: (value: Value) => boolean,
    private readonly onDrop: (value: Value) => void = () => undefined,
  ) {}

  get size(): number {
    return this.#entries.size;
  }

  /** The number of evicted entries. */
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
    this.#evict(target, key, this.isEvictable);
    this.#evict(target, key, () => true);
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

  #evict(target: number, newest: string, isEvictable: (value: Value) => boolean): void {
    for (const [key, value] of this.#entries) {
      if (this.#entries.size <= target) return;
      if (key === newest || !isEvictable(value)) continue;
      this.#entries.delete(key);
      this.#dropped += 1;
      this.onDrop(value);
    }
  }
}
