import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SeededRandom } from '../support/seeded-random.js';

/** Whether there is a C compiler, and a loader that takes a library (Linux). */
export function canRecord(): boolean {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return process.platform === 'linux';
  } catch {
    return false;
  }
}

/** Compiles disk-recorder.c into `folder`. */
export function compileRecorder(folder: string): string {
  const library = join(folder, 'disk-recorder.so');
  const source = fileURLToPath(new URL('disk-recorder.c', import.meta.url));
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl', '-lpthread']);
  return library;
}

/** The database, then its log. */
const NAMES = ['tollgate.db', 'tollgate.db-wal'] as const;
const HEAD_BYTES = 24;
/** What a disk writes wholly or not at all. */
const SECTOR_BYTES = 512;

type Change = { readonly at: number; readonly offset: number; readonly data: Buffer | undefined };

/** A file of the disk: what is certainly on it, and what a power cut may or may not lose. */
class DiskFile {
  #bytes = Buffer.alloc(1 << 20);
  #size = 0;
  pending: Change[] = [];

  apply({ offset, data }: Change): void {
    const end = data ? offset + data.length : offset;
    if (end > this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes], Math.max(end, 2 * this.#bytes.length));
    if (data) data.copy(this.#bytes, offset);
    else this.#bytes.fill(0, Math.min(end, this.#size), this.#size);
    this.#size = data ? Math.max(this.#size, end) : end;
  }

  /** Applies a random part of each change: sectors of a write in any combination. */
  applyPart(changes: readonly Change[], random: SeededRandom, share: number): void {
    for (const change of changes) {
      const { at, offset, data } = change;
      if (!data) {
        if (random.next() < share) this.apply(change);
        continue;
      }
      for (let start = 0; start < data.length; start += SECTOR_BYTES)
        if (random.next() < share)
          this.apply({ at, offset: offset + start, data: data.subarray(start, start + SECTOR_BYTES) });
    }
  }

  copy(): DiskFile {
    const copy = new DiskFile();
    copy.#bytes = Buffer.from(this.#bytes);
    copy.#size = this.#size;
    return copy;
  }

  content(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }
}

interface Record {
  readonly type: string;
  readonly file: number;
  /** Of the end of the record in the recording. */
  readonly end: number;
  readonly offset: number;
  readonly data: Buffer | undefined;
}

/** What disk-recorder.c has recorded: makes the images that a power cut may leave. */
export class RecordedDisk {
  readonly #records: Record[] = [];

  constructor(recording: Buffer) {
    for (let start = 0; start + HEAD_BYTES <= recording.length;) {
      const offset = Number(recording.readBigUInt64LE(start + 8));
      const length = Number(recording.readBigUInt64LE(start + 16));
      const type = String.fromCharCode(recording[start]!);
      const data =
        type === 'W' ? recording.subarray(start + HEAD_BYTES, start + HEAD_BYTES + length) : undefined;
      const end = start + HEAD_BYTES + length;
      this.#records.push({ type, file: recording[start + 1]!, end, offset, data });
      start = end;
    }
  }

  /** The positions after each record of `type` of the database (0) or its log (1). */
  positions(type: 'W' | 'S' | 'F', file: 0 | 1): number[] {
    return this.#records
      .filter((record) => record.type === type && record.file === file)
      .map(({ end }) => end);
  }

  /**
   * Writes an image for each position of `cuts`: all that a sync has brought to the disk, and a random part of the rest.
   * After a sync that failed, nobody knows what it has brought there, and no later one brings the rest. `honest`: a
   * disk that is not loses what was synced too.
   */
  *images(
    cuts: readonly number[],
    folder: string,
    random: SeededRandom,
    honest = true,
  ): Generator<{ cut: number; path: string }> {
    const files = NAMES.map(() => new DiskFile());
    const begun = new Map<number, number>();
    let next = 0;
    for (const cut of cuts.toSorted((a, b) => a - b)) {
      for (; next < this.#records.length && this.#records[next]!.end <= cut; next += 1) {
        const { type, file: index, end, offset, data } = this.#records[next]!;
        const file = files[index]!;
        if (type === 'W' || type === 'T') file.pending.push({ at: end, offset, data });
        else if (type === 'B') begun.set(offset, end);
        else if (honest) {
          const covered = file.pending.filter(({ at }) => at <= begun.get(offset)!);
          file.pending = file.pending.slice(covered.length);
          if (type === 'S') for (const change of covered) file.apply(change);
          else file.applyPart(covered, random, random.next());
        }
      }
      mkdirSync(folder, { recursive: true });
      const share = random.next() < 0.2 ? 0 : random.next();
      for (const [index, file] of files.entries()) {
        const image = file.copy();
        image.applyPart(file.pending, random, share);
        writeFileSync(join(folder, NAMES[index]!), image.content());
      }
      yield { cut, path: join(folder, NAMES[0]) };
    }
  }
}
