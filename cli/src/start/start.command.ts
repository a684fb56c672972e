import type { Command } from 'commander';
import { newCommand } from '../command.js';

export function startCommand(): Command {
  return newCommand('start', {
    summary: 'Start the gateway',
    description:
      'Starts the gateway. The environment configures it (docs/configuration.md); without any, it starts with ' +
      'the bundled simulator, so that a first payment needs no file.',
    examples: [
      ['tollgate start', 'on http://localhost:8080, with the simulator'],
      ['HTTP_PORT=9000 tollgate start', 'on another port'],
    ],
    exitCodes: [
      [0, 'it was stopped (SIGTERM, Ctrl-C), and requests in flight have ended'],
      [1, 'the configuration is not valid, or the database cannot be used'],
    ],
  }).action(async () => {
    await import('../../../src/main.js');
  });
}
