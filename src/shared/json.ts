/** Any JSON value. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [name: string]: JsonValue };

/** True for what JSON calls an object: no array, no null. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * True when arrays and objects in `value` are nested deeper than `limit`. Iterative: the input may be made to
 * overflow a stack.
 */
export function isDeeperThan(limit: number, value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    const next: unknown[] = [];
    for (const node of level) {
      if (typeof node !== 'object' || node === null) continue;
      for (const child of Object.values(node)) {
        if (typeof child === 'object' && child !== null) next.push(child);
      }
    }
    level = next;
  }
  return false;
}

/**
 * JSON text in which equal values are equal texts: the members of every object are sorted by name (in the manner of
 * RFC 8785). For fingerprints only; sent bodies keep the order in which they were received.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    isJsonObject(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : member,
  );
}

declare global {
  /** ECMAScript proposal "JSON.parse source text access", in V8 since 11.4; not in TypeScript's libraries yet. */
  interface JSON {
    rawJSON(text: string): RawJson;
    isRawJSON(value: unknown): value is RawJson;
  }
}

/** A number as it was written, which `JSON.stringify` writes unchanged: `1e400`, `1.0`, 19 digits. */
export interface RawJson {
  readonly rawJSON: string;
}

export function rawJson(source: string): RawJson {
  return JSON.rawJSON(source);
}

export function isRawJson(value: unknown): value is RawJson {
  return JSON.isRawJSON(value);
}
