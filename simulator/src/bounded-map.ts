import type { Shelf } from './memory.js';

export interface BoundedMapOptions<Value> {
  readonly max: number;
  readonly isEvictable?: (value: Value) => boolean;
  readonly onDrop?: (value: Value) => void;
  /** Default: the entries last as long as the process. */
  readonly shelf?: Shelf<Value>;
}

/**
 * A map of at most `max` entries. When it is full, it drops the oldest tenth that is evictable, or the oldest of all
 * where too few are. It drops a tenth at a time because V8 walks over the deleted entries of a map at each iteration.
 * Its shelf has the same entries: after changing a value, `set` it again.
 */
export class BoundedMap<Value> extends Map<string, Value> {
  /** The number of evicted entries. */
  dropped = 0;
  readonly #options: BoundedMapOptions<Value>;

  constructor(options: BoundedMapOptions<Value>) {
    super();
    this.#options = options;
    for (const [key, value] of options.shelf?.load() ?? []) super.set(key, value);
  }

  override set(key: string, value: Value): this {
    super.set(key, value);
    this.#options.shelf?.put(key, value);
    if (this.size > this.#options.max) {
      this.#evict(key, this.#options.isEvictable ?? (() => true));
      this.#evict(key, () => true);
    }
    return this;
  }

  override delete(key: string): boolean {
    this.#options.shelf?.remove(key);
    return super.delete(key);
  }

  override clear(): void {
    for (const key of this.keys()) this.#options.shelf?.remove(key);
    super.clear();
    this.dropped = 0;
  }

  #evict(newest: string, isEvictable: (value: Value) => boolean): void {
    for (const [key, value] of this) {
      if (this.size <= Math.floor(this.#options.max * 0.9)) return;
      if (key === newest || !isEvictable(value)) continue;
      this.delete(key);
      this.dropped += 1;
      this.#options.onDrop?.(value);
    }
  }
}
