import { isJsonObject } from '../shared/json.js';
import type { Environment } from './environment.js';

/** Where the values of `${…}` come from. `readFile` throws for a file that cannot be read. */
export interface PlaceholderSources {
  readonly env: Environment;
  readonly readFile: (path: string) => string;
}

const PLACEHOLDER = /\$\{([^{}]*)\}/g;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const FILE_REFERENCE = /^file:(\/\P{C}+)$/u;

export function hasPlaceholder(text: string): boolean {
  return text.includes('${');
}

/**
 * Replaces `${NAME}` by the environment variable and `${file:/path}` by the file's content without its last line break
 * (SPEC §6). Inserted values are not searched again. `refuse` is called for each placeholder that cannot be replaced.
 */
export function resolvePlaceholders(
  text: string,
  sources: PlaceholderSources,
  refuse: (detail: string) => void,
): string | undefined {
  let complete = true;
  const miss = (detail: string): string => {
    complete = false;
    refuse(detail);
    return '';
  };
  if (hasPlaceholder(text.replaceAll(PLACEHOLDER, ''))) miss('must close each ${ with a }');
  const resolved = text.replaceAll(PLACEHOLDER, (placeholder, reference: string) => {
    const path = FILE_REFERENCE.exec(reference)?.[1];
    if (path !== undefined) return readSecretFile(path, sources, miss);
    if (!VARIABLE_NAME.test(reference))
      return miss('must have ${NAME} or ${file:/absolute/path} as placeholders');
    const value = Object.hasOwn(sources.env, reference) ? sources.env[reference] : undefined;
    return value || miss(`must be resolvable, but ${placeholder} is not set in the environment`);
  });
  return complete ? resolved : undefined;
}

function readSecretFile(
  path: string,
  { readFile }: PlaceholderSources,
  miss: (detail: string) => string,
): string {
  try {
    const content = readFile(path).replace(/\r?\n$/, '');
    return content === '' ? miss(`must be resolvable, but the file ${path} is empty`) : content;
  } catch (error) {
    return miss(`must be resolvable, but the file ${path} cannot be read (${errorCode(error)})`);
  }
}

/** The code of a file-system error, such as `ENOENT`; its message adds nothing useful. */
export function errorCode(error: unknown): string {
  const code = isJsonObject(error) ? error['code'] : undefined;
  return typeof code === 'string' ? code : 'unreadable';
}

/** Masks everything but placeholders, since it may be a secret: `Basic ${X}` becomes `***${X}`. */
export function maskLiterals(text: string): string {
  const parts = text.split(/(\$\{(?:[A-Za-z_][A-Za-z0-9_]*|file:\/[^{}]+)\})/);
  return parts.map((part, index) => (index % 2 === 1 || part === '' ? part : '***')).join('');
}
