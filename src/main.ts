import module from 'node:module';
import { fileURLToPath } from 'node:url';

/** The program (`node dist/main.js`); the environment configures it (SPEC §6). */
const MINIMUM_NODE = 24;

if (Number(process.versions.node.split('.', 1)[0]) < MINIMUM_NODE) {
  console.error(
    `Tollgate needs Node ${MINIMUM_NODE} or newer; this is ${process.version}. ` +
      '`npm start` uses the one that `npm ci` installed.',
  );
  process.exit(1);
}

// Stack traces name files and lines of src/; the program is a bundle (scripts/bundle.js).
process.setSourceMapsEnabled(true);

// V8 reuses the compiled code of the last start. The cache is beside the packages, because others can write to a
// temporary folder; without write access there is no cache.
module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/tollgate-start', import.meta.url)));

// Imported after the check: an older Node would fail at the imports, with a message that does not name the cause.
const { start } = await import('./start.js');
await start();
