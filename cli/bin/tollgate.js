#!/usr/bin/env node
/**
 * `tollgate`. Runs on any Node from 18: an older one than Tollgate needs hands over to the one that `npm ci` installed.
 * In a checkout it builds what is missing or stale first, as `npm start` does.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const MINIMUM_NODE = 24;
const BUILD = new URL('../../scripts/build-if-needed.js', import.meta.url);
const PROGRAM = new URL('../../dist/cli/main.js', import.meta.url);
const inPackages = (path) => fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url));

if (Number(process.versions.node.split('.', 1)[0]) >= MINIMUM_NODE) await run();
else handOver(inPackages('.bin/node'));

async function run() {
  if (existsSync(BUILD)) await import(BUILD.href);
  if (process.exitCode) return; // the build failed, and said why
  module.enableCompileCache(inPackages('.cache/tollgate-cli'));
  await import(PROGRAM.href);
}

function handOver(node) {
  if (!existsSync(node)) {
    console.error(
      `Tollgate needs Node ${MINIMUM_NODE} or newer; this is ${process.version}. Run \`npm ci\`, which installs one.`,
    );
    process.exitCode = 1;
    return;
  }
  const [, self, ...args] = process.argv;
  const child = spawn(node, [self, ...args], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both processes: the child decides when it ends.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
