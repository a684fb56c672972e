/**
 * A map of at most `max` entries. When it is full, it drops the oldest tenth that is evictable, or the oldest of all
 * where too few are. It drops a tenth at a time because V8 walks over the deleted entries of a map at each iteration.
 */
export class BoundedMap<Value> extends Map<string, Value> {
  /** The number of evicted entries. */
  dropped = 0;

  constructor(
    private readonly max: number,
    private readonly isEvictable: (value: Value) => boolean,
    private readonly onDrop: (value: Value) => void = () => undefined,
  ) {
    super();
  }

  override set(key: string, value: Value): this {
    super.set(key, value);
    if (this.size > this.max) {
      this.#evict(key, this.isEvictable);
      this.#evict(key, () => true);
    }
    return this;
  }

  override clear(): void {
    super.clear();
    this.dropped = 0;
  }

  #evict(newest: string, isEvictable: (value: Value) => boolean): void {
    for (const [key, value] of this) {
      if (this.size <= Math.floor(this.max * 0.9)) return;
      if (key === newest || !isEvictable(value)) continue;
      this.delete(key);
      this.dropped += 1;
      this.onDrop(value);
    }
  }
}
