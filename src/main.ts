import module from 'node:module';
import { fileURLToPath } from 'node:url';

/** The program (`node dist/main.js`): configured by environment alone (SPEC §6). */
const MINIMUM_NODE = 24;

if (Number(process.versions.node.split('.', 1)[0]) < MINIMUM_NODE) {
  console.error(
    `Tollgate needs Node ${MINIMUM_NODE} or newer; this is ${process.version}. ` +
      '`npm start` uses the one that `npm ci` installed.',
  );
  process.exit(1);
}

// V8's code of the last start, for the next one: a sixth less time to be ready. Beside the packages and not in a temporary folder
// that others can write to; where that cannot be written, there is none.
module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/tollgate-start', import.meta.url)));

// Only now: with an older Node the imports themselves would fail, and nobody would know why.
const { start } = await import('./start.js');
await start();
