import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The commit of the first release, 0.1. */
const COMMIT = 'fce961776239180533731ba51975e238f4f7bd2e';

/**
 * The program of the first release, built from its commit with the packages of its lock file. It is kept in the folder of
 * temporary files, because that takes a minute.
 * @throws where the clone lacks the commit, or a package cannot be fetched
 */
export function firstRelease(): string {
  const folder = join(tmpdir(), `tollgate-${COMMIT.slice(0, 12)}`);
  const built = join(folder, 'built');
  if (!existsSync(built)) {
    console.log(`Building the first release in ${folder} ...`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    execFileSync('sh', ['-c', `git archive ${COMMIT} | tar -x -C "$0"`, folder]);
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder });
    execFileSync('npm', ['run', 'build'], { cwd: folder });
    writeFileSync(built, '');
  }
  return join(folder, 'dist/main.js');
}
