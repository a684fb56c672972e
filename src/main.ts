import module from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

/** The program (`node dist/main.js`); the environment configures it (SPEC §6). */
const MINIMUM_NODE = 24;

if (Number(process.versions.node.split('.', 1)[0]) < MINIMUM_NODE) {
  console.error(
    `Tollgate needs Node ${MINIMUM_NODE} or newer; this is ${process.version}. ` +
      '`npm start` uses the one that `npm ci` installed.',
  );
  process.exit(1);
}

// V8 puts objects that the same line of code has allocated often before, and that lived long, into the old generation at
// once. Those of a request then keep the whole request until the next full collection: young collections took 10 ms instead
// of 1.4 under load, and memory 480 MiB instead of 320 (docs/performance.md).
setFlagsFromString('--no-allocation-site-pretenuring');

// Stack traces name files and lines of src/; the program is a bundle (scripts/bundle.js).
process.setSourceMapsEnabled(true);

// V8 reuses the compiled code of the last start. The cache is beside the packages, because others can write to a
// temporary folder; without write access there is no cache.
module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/tollgate-start', import.meta.url)));

// Imported after the check: an older Node would fail at the imports, with a message that does not name the cause.
const { start } = await import('./start.js');
await start();
