import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import type { BenchRun } from '../bench-run.js';

const PACKAGES = [
  '@nestjs/core',
  'undici',
  'axios',
  'express',
  'http-proxy-middleware',
  'fastify',
  '@fastify/http-proxy',
];

/**
 * When, where, with which versions and by which command something was measured, and how steady the machine was
 * meanwhile.
 */
export function provenance(command: string, { folder, nginx, calibration }: BenchRun): string {
  const { fastest, median, slowest } = calibration.range();
  // Where that is a tmpfs, a durable commit costs nothing.
  const fileSystem = execFileSync('stat', ['-f', '-c', '%T', folder], { encoding: 'utf8' }).trim();
  const machine = [
    cpus()[0]?.model ?? 'unknown processor',
    `${cpus().length} cores`,
    `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    `${type()} ${release()}`,
    `files on ${fileSystem}`,
  ].join(', ');
  const versions = [
    `Node ${process.versions.node}`,
    nginx === undefined ? '**no nginx: the stub is a Node server**' : `nginx ${nginx}`,
    ...PACKAGES.map((name) => `${name} ${versionOf(name)}`),
  ];
  return [
    `\`${command}\`, ${new Date().toISOString().slice(0, 10)}. ${machine}. ${versions.join(', ')}.`,
    `Calibration: ${fastest.toFixed(0)} to ${slowest.toFixed(0)} ms, median ${median.toFixed(0)} ms.`,
  ].join('\n');
}

/** npm installs the workspaces' packages at the root; a second version of one is below its user. */
function versionOf(name: string): string {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  if (!existsSync(file)) return 'not installed';
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
