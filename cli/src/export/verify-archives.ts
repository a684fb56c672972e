import { join } from 'node:path';
import { archiveName, archivesIn, DamagedArchive, type ReadArchive, readArchive } from './archive-file.js';

/** What the files of a folder hold, and what is wrong with them. */
export interface Verification {
  readonly files: number;
  readonly payments: number;
  /** The digest of the last file; undefined where there is none. */
  readonly head: string | undefined;
  /** The digest that the first file names: null for the first of a ledger. */
  readonly begins: string | null | undefined;
  readonly problems: readonly string[];
}

/** Reads every archive of `folder`, and checks each against the one before. */
export async function verifyArchives(folder: string): Promise<Verification> {
  const problems: string[] = [];
  let payments = 0;
  let first: ReadArchive | undefined;
  let before: ReadArchive | undefined;
  const names = await archivesIn(folder);
  for (const name of names) {
    const read = await readOrReport(join(folder, name), name, problems);
    if (read === undefined) {
      before = undefined;
      continue;
    }
    payments += read.end.payments;
    if (name !== archiveName(read.head)) problems.push(`${name}: holds ${archiveName(read.head)}`);
    if (before && read.head.sequence !== before.head.sequence + 1)
      problems.push(`${name}: follows ${archiveName(before.head)}: what is between them is missing`);
    else if (before && read.head.previous !== before.sha256)
      problems.push(`${name}: names another file than ${archiveName(before.head)} as the one before`);
    first ??= read;
    before = read;
  }
  return { files: names.length, payments, head: before?.sha256, begins: first?.head.previous, problems };
}

async function readOrReport(
  path: string,
  name: string,
  problems: string[],
): Promise<ReadArchive | undefined> {
  try {
    return await readArchive(path);
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    // One file that the disk does not give must not hide what is wrong with the others.
    if (error instanceof DamagedArchive) problems.push(`${name}: ${message}`);
    else if (syscall !== undefined) problems.push(`${name}: cannot be read (${message})`);
    else throw error;
    return undefined;
  }
}
