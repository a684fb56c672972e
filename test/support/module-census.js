/**
 * Writes the name of every package that a process loads to standard error, by `node --import`: one line `package NAME` each. It is
 * told of CommonJS and ES modules alike.
 */
import { registerHooks } from 'node:module';

const PACKAGE = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/;
const seen = new Set();

registerHooks({
  load(url, context, nextLoad) {
    const name = PACKAGE.exec(url)?.[1];
    if (name !== undefined && !seen.has(name)) {
      seen.add(name);
      process.stderr.write(`package ${name}\n`);
    }
    return nextLoad(url, context);
  },
});
