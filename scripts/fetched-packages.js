/** Packages that only one check needs, and the built program for it to call. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const NOT_CHECKED = 75; // sysexits.h
const FETCH_LIMIT_MS = 180_000;

/**
 * Fetches `packages` (each with its version) into a temporary folder and calls `use` with its path. The exit code of this
 * process is then 1 where `use` fails, and 75 where the packages cannot be fetched.
 */
export async function withPackages(packages, use) {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-fetched-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    const fetched = spawnSync(
      'npm',
      ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages],
      {
        cwd: folder,
        env: { ...process.env, PATH: withoutOwnPrograms(process.env.PATH) },
        stdio: 'inherit',
        timeout: FETCH_LIMIT_MS,
      },
    );
    if (fetched.status !== 0) {
      process.exitCode = NOT_CHECKED;
      throw new Error(`could not be fetched: ${packages.join(', ')}`);
    }
    await use(folder);
  } catch (error) {
    console.error(error.message);
    process.exitCode ??= 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Without the programs of this project: they bring the project's own Node, which need not know the certificate authorities
 * that the machine's Node was given for its registry.
 */
function withoutOwnPrograms(path) {
  const own = resolve('node_modules/.bin');
  return path
    .split(delimiter)
    .filter((folder) => folder !== own)
    .join(delimiter);
}

/** Starts the built program with the bundled simulator, and stops it once `use`, called with its URL, has ended. */
export async function withGateway(use, settings = {}) {
  const env = { HTTP_PORT: '0', HTTP_HOST: '127.0.0.1', DATABASE_URL: 'sqlite::memory:', ...settings };
  const program = [process.execPath, 'dist/main.js'];
  await withProgram(program, env, /http:\/\/localhost:(\d+)\/documentation/, use);
}

/** Starts a program whose output names its port, in the first group of `port`. */
export async function withProgram([command, ...args], env, port, use) {
  const program = spawn(command, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stopped = once(program, 'exit');
  try {
    let output = '';
    while (!port.test(output)) {
      const [chunk] = await Promise.race([once(program.stdout, 'data'), stopped]);
      if (!Buffer.isBuffer(chunk)) throw new Error(`the program ended with exit code ${chunk}:\n${output}`);
      output += chunk;
    }
    program.stdout.resume();
    await use(`http://127.0.0.1:${port.exec(output)[1]}`);
  } finally {
    program.kill('SIGTERM');
    await stopped;
  }
}
