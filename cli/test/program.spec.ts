import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createProgram } from '../src/program.js';
import { processTerminal } from '../src/terminal.js';
import { runCli } from './cli.js';

const COMMANDS = createProgram(processTerminal).commands;
const names = COMMANDS.flatMap((command) => [
  command.name(),
  ...command.commands.map((child) => `${command.name()} ${child.name()}`),
]);

describe('tollgate', () => {
  it('lists the commands', async () => {
    const { exitCode, stdout, stderr } = await runCli('--help');
    expect([exitCode, stderr]).toEqual([0, '']);
    for (const command of COMMANDS) expect(stdout).toContain(`  ${command.name()}`);
  });

  it('prints its version', async () => {
    expect(await runCli('--version')).toEqual({ exitCode: 0, stdout: '0.1.0\n', stderr: '' });
  });

  it.each(names)('%s: help with examples and exit codes, 110 columns at most', async (name) => {
    const { exitCode, stdout } = await runCli(...name.split(' '), '--help');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\nExamples:\n {2}.*tollgate /);
    expect(stdout).toMatch(/\nExit codes:\n {4}0 {2}/);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  it.each([
    [['strat'], "unknown command 'strat'\n(Did you mean start?)"],
    [['keys', 'api'], "missing required argument 'name'"],
    [['keys', 'webhook', '--jsn'], "unknown option '--jsn'\n(Did you mean --json?)"],
  ])('%p is a usage error: exit code 2, one clear line on stderr', async (args, message) => {
    const { exitCode, stdout, stderr } = await runCli(...args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  const onLinux = existsSync('/dev/full') ? it : it.skip;
  onLinux('exits with 3 and one line where its output finds no space', () => {
    const full = openSync('/dev/full', 'w');
    const hooks = ['--disable-warning=ExperimentalWarning', '--import', './test/support/typescript-hooks.js'];
    const { status, stderr } = spawnSync(process.execPath, [...hooks, 'cli/src/main.ts', '--version'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect([status, stderr]).toEqual([3, expect.stringMatching(/^tollgate: the output .* ENOSPC.*\n$/)]);
  });
});
