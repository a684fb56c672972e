import { readFileSync } from 'node:fs';

/** The version in the gateway's package.json: two levels up, in `src` as in `dist`. */
export const VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
