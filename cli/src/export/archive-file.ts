import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { DayTotal } from '../../../src/retention/archive.table.js';
import { DayTotals } from '../../../src/retention/day-totals.js';
import { type ArchivedPayment, addTotals } from './archived-lines.js';

/** The first line of a file. */
export interface ArchiveHead {
  readonly archive: 'tollgate';
  readonly format: 1;
  readonly sequence: number;
  /** UTC. */
  readonly day: string;
  /** SHA-256 of the file before; null for the first of a ledger. */
  readonly previous: string | null;
  /** Milliseconds since the epoch: later changes may be missing. */
  readonly snapshotAt: number;
}

/** The last line. */
export interface ArchiveEnd {
  readonly end: true;
  readonly payments: number;
  readonly totals: readonly DayTotal[];
}

/** A file that was read to its end and holds what it says. */
export interface ReadArchive {
  readonly head: ArchiveHead;
  readonly end: ArchiveEnd;
  readonly sha256: string;
}

/** The file is not what was written. */
export class DamagedArchive extends Error {}

const NAME = /^tollgate-(\d{6,})-(\d{4}-\d{2}-\d{2})\.ndjson\.gz$/;
/** The end of the name of a file that is not whole. */
export const PARTIAL = '.partial';

export function archiveName({ sequence, day }: Pick<ArchiveHead, 'sequence' | 'day'>): string {
  return `tollgate-${String(sequence).padStart(6, '0')}-${day}.ndjson.gz`;
}

/** The names of the archives in `folder`, in the order of their chain. */
export async function archivesIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name));
  return names.toSorted((a, b) => Number(NAME.exec(a)![1]) - Number(NAME.exec(b)![1]));
}

/**
 * Writes a file under another name, has it on the disk, and only then gives it its own: what has that name is whole.
 * Never replaces a file. Returns its digest.
 */
export async function writeArchive(
  folder: string,
  head: ArchiveHead,
  lines: AsyncIterable<string>,
  end: () => ArchiveEnd,
): Promise<string> {
  const path = join(folder, archiveName(head));
  const partial = `${path}${PARTIAL}`;
  const hash = createHash('sha256');
  const all = async function* (): AsyncGenerator<string> {
    yield `${JSON.stringify(head)}\n`;
    yield* lines;
    yield `${JSON.stringify(end())}\n`;
  };
  const hashed = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  try {
    // What a killed run left is overwritten.
    const file = createWriteStream(partial, { flags: 'w', mode: 0o600, flush: true });
    await pipeline(Readable.from(all()), createGzip(), hashed, file);
    await link(partial, path);
    await unlink(partial);
    await syncFolder(folder);
  } catch (error) {
    await unlink(partial).catch(() => {});
    throw error;
  }
  return hash.digest('hex');
}

/** The name of a file is on the disk too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Reads a file to its end, in constant memory.
 * @throws {DamagedArchive} if it is cut off, or its lines are not what its last line says
 */
export async function readArchive(path: string): Promise<ReadArchive> {
  const hash = createHash('sha256');
  const content = new PassThrough();
  const hashed = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const reading = pipeline(createReadStream(path), hashed, createGunzip(), content);
  const [read] = await Promise.all([readLines(content), reading]).catch((error: unknown) => {
    content.destroy();
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof DamagedArchive || code === undefined || !code.startsWith('Z_')) throw error;
    throw new DamagedArchive(`is damaged or cut off (${(error as Error).message})`);
  });
  return { ...read, sha256: hash.digest('hex') };
}

async function readLines(content: PassThrough): Promise<Omit<ReadArchive, 'sha256'>> {
  const totals = new DayTotals();
  let head: ArchiveHead | undefined;
  let end: ArchiveEnd | undefined;
  let payments = 0;
  for await (const line of createInterface({ input: content, crlfDelay: Infinity })) {
    const value = parsed(line);
    if (end !== undefined) throw new DamagedArchive('has lines after its end');
    if (head === undefined) head = headOf(value);
    else if (isEnd(value)) end = value;
    else if (isPaymentLine(value)) {
      addTotals(totals, value.payment, value.refunds);
      payments += 1;
    } else throw new DamagedArchive('has a line that is neither a payment nor the end');
  }
  if (head === undefined || end === undefined) throw new DamagedArchive('is cut off');
  const said = new DayTotals();
  for (const total of end.totals) said.add(total);
  if (payments !== end.payments || said.text !== totals.text)
    throw new DamagedArchive('holds other payments than its last line says');
  return { head, end };
}

function parsed(line: string): object {
  try {
    const value: unknown = JSON.parse(line);
    if (isObject(value)) return value;
  } catch {
    // Reported below.
  }
  throw new DamagedArchive('has a line that is no JSON object');
}

function isEnd(value: object): value is ArchiveEnd {
  return 'end' in value && 'totals' in value && isListOfObjects(value.totals);
}

function isPaymentLine(
  value: object,
): value is { readonly payment: ArchivedPayment; readonly refunds: Parameters<typeof addTotals>[2] } {
  return (
    'payment' in value && isObject(value.payment) && 'refunds' in value && isListOfObjects(value.refunds)
  );
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every(isObject);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function headOf(value: object): ArchiveHead {
  const head = value as ArchiveHead;
  if (head.archive !== 'tollgate' || head.format !== 1)
    throw new DamagedArchive('is no archive of this version of Tollgate');
  return head;
}
