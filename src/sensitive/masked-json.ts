import { isRawJson } from '../shared/json.js';

/** What is masked in a JSON value. */
export interface JsonMask {
  /** Each text, also the names of members. */
  text(text: string): string;
  /** Each other value but arrays and objects; undefined drops its member, or leaves `null` in an array. */
  other(value: unknown): unknown;
  /** Whether the whole value of a member of this name is masked. */
  hides?(name: string): boolean;
}

interface Frame {
  readonly source: object;
  /** Of an object; an array's are its places. */
  readonly keys: string[] | undefined;
  /** The source's own ones until one of them changes. */
  values: unknown[];
  next: number;
  changed: boolean;
}

/**
 * Masks the texts and keys of a JSON value, at any depth. Returns the same value if nothing was masked (undefined for a
 * value that is dropped itself), else a plain copy of what leads to it. Without recursion, so that no depth overflows the
 * stack; a circle ends in `[circular]`.
 */
export function maskJson(value: unknown, mask: JsonMask): unknown {
  if (!isContainer(value)) return maskedLeaf(value, mask);
  const root = frameOf(value);
  const path: Frame[] = [root];
  const open = new Set<object>([value]);
  for (;;) {
    const frame = path.at(-1)!;
    if (frame.next === frame.values.length) {
      path.pop();
      open.delete(frame.source);
      const parent = path.at(-1);
      if (!parent) return resultOf(frame);
      replaceCurrent(parent, resultOf(frame), mask);
      continue;
    }
    const value: unknown = frame.values[frame.next];
    if (frame.keys && mask.hides?.(frame.keys[frame.next]!)) {
      replaceCurrent(frame, '***', mask);
    } else if (!isContainer(value)) {
      replaceCurrent(frame, maskedLeaf(value, mask), mask);
    } else if (open.has(value)) {
      replaceCurrent(frame, '[circular]', mask);
    } else {
      open.add(value);
      path.push(frameOf(value));
    }
  }
}

/** Bytes are no text: they would be read as a list of numbers. */
function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !isRawJson(value);
}

function maskedLeaf(value: unknown, mask: JsonMask): unknown {
  return typeof value === 'string' ? mask.text(value) : mask.other(value);
}

function frameOf(source: object): Frame {
  if (Array.isArray(source)) return { source, keys: undefined, values: source, next: 0, changed: false };
  return { source, keys: Object.keys(source), values: Object.values(source), next: 0, changed: false };
}

function replaceCurrent(frame: Frame, value: unknown, mask: JsonMask): void {
  const { source, keys, next } = frame;
  frame.next += 1;
  const key = keys && mask.text(keys[next]!);
  if (keys && key !== keys[next]) {
    keys[next] = key!;
    frame.changed = true;
  }
  if (value === frame.values[next]) return;
  if (frame.values === source) frame.values = [...frame.values];
  frame.values[next] = value;
  frame.changed = true;
}

function resultOf({ source, keys, values, changed }: Frame): object {
  if (!changed) return source;
  // A left out number keeps the places of those behind it.
  if (!keys) return values.map((value) => value ?? null);
  // fromEntries defines each key as its own property, `__proto__` included.
  const entries = keys.map((key, i) => [key, values[i]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
