/** The entry of `dist/cli/main.js`, which `cli/bin/tollgate.js` imports. */
import { EXIT } from './exit-codes.js';
import { run } from './program.js';
import { processTerminal } from './terminal.js';

process.setSourceMapsEnabled(true);

// The reader of a pipe has ended, as in `tollgate … | head -1`: nobody reads the rest.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  // Not 1, which says that a command has found something.
  process.stderr.write(`tollgate: the output cannot be written: ${error.message}\n`);
  process.exit(EXIT.unreachable);
});

process.exitCode = (await run(process.argv.slice(2), processTerminal)) ?? process.exitCode;
