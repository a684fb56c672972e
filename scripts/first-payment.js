/**
 * Starts the built program without configuration with `npm start`, pays with the command that it prints, and stops it
 * as Ctrl-C does: SIGINT to the whole process group. The command must equal README's except for port and order. Exits with code 1 where any of that fails.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_WITHIN_MS = 10_000;
const STOPPED_WITHIN_MS = 35_000; // SIGINT gives requests in flight 30 s

const startedAtMs = performance.now();
const gateway = spawn('npm', ['start'], {
  detached: true, // a process group of its own
  env: {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    HTTP_PORT: '0',
    HTTP_HOST: '127.0.0.1',
    DATABASE_URL: 'sqlite::memory:',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const stopped = once(gateway, 'exit');

try {
  const command = await printedCommand();
  console.log(`Ready in ${(performance.now() - startedAtMs).toFixed(0)} ms.\n${command}`);
  if (!withoutLayout(readFileSync('README.md', 'utf8')).includes(withoutLayout(command))) {
    throw new Error('README.md shows a different command');
  }
  const answer = execFileSync('bash', ['-c', command], { encoding: 'utf8' });
  console.log(answer);
  const { result, paymentId } = JSON.parse(answer);
  if (result !== 'OK' || !paymentId) throw new Error('the payment was not answered with OK and a paymentId');
} catch (error) {
  console.error(`The first payment failed: ${error.message}`);
  process.exitCode = 1;
} finally {
  signalGroup('SIGINT');
  const [code] = await Promise.race([stopped, sleep(STOPPED_WITHIN_MS, ['none in time'], { ref: false })]);
  console.log(`Exit code after SIGINT: ${code}.`);
  if (code !== 0) process.exitCode = 1;
  if (gateway.exitCode === null) signalGroup('SIGKILL');
}

/** npm, its shell and the gateway; without a pid, npm was not found. */
function signalGroup(signal) {
  if (gateway.pid !== undefined) process.kill(-gateway.pid, signal);
}

/** The curl command that the program prints, continuation lines included. */
async function printedCommand() {
  let output = '';
  const deadline = sleep(READY_WITHIN_MS, 'late', { ref: false });
  for (;;) {
    const next = await Promise.race([once(gateway.stdout, 'data'), stopped, deadline]);
    if (next === 'late')
      throw new Error(`no command was printed within ${READY_WITHIN_MS} ms; so far:\n${output}`);
    if (!Buffer.isBuffer(next[0])) throw new Error(`the program ended with exit code ${next[0]}`);
    output += next[0];
    const command = /^ *curl (?:.*\\\n)*.*'\s*\n/m.exec(output);
    if (command) return command[0].trim();
  }
}

/** README has the default port and another order. */
function withoutLayout(text) {
  return text
    .replace(/localhost:\d+/g, 'localhost:8080')
    .replace(/"order-[0-9a-f]+"/g, '"order-1"')
    .replace(/\\?\s+/g, ' ');
}
