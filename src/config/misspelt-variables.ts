import { readTextFile } from './externals-file.js';
import type { Environment } from './environment.js';
import { VARIABLES } from './variables.js';

/** Names of other programs that are one letter away. */
const UNRELATED: ReadonlySet<string> = new Set(['HTTPS_PORT', 'HTTPS_HOST']);
const PLACEHOLDER = /\$\{([A-Za-z_]\w*)\}/g;
const PREFIX = /^TOLLGATE[^A-Z0-9]*/;
const SHORTEST_COMPARED = 6;

/**
 * Names the variables of the environment that resemble one of the gateway's and are none: they have no effect, which
 * nobody notices (SPEC §6). Those of which the externals file takes a value are used, and not reported.
 */
export function misspeltVariables(env: Environment = process.env): readonly string[] {
  const used = usedBy(env['EXTERNAL_PROVIDERS_CONFIG']);
  return Object.keys(env).flatMap((name) => {
    if (!env[name] || Object.hasOwn(VARIABLES, name) || UNRELATED.has(name) || used.has(name)) return [];
    const meant = Object.keys(VARIABLES).find((ours) => resembles(name, ours));
    if (meant === undefined) return [];
    return [
      `${JSON.stringify(name).slice(1, -1)}: is not a variable of Tollgate and has no effect; is ${meant} meant?`,
    ];
  });
}

function usedBy(externalsPath: string | undefined): ReadonlySet<string> {
  try {
    const text = externalsPath ? readTextFile(externalsPath.trim()) : '';
    return new Set(Array.from(text.matchAll(PLACEHOLDER), ([, name]) => name!));
  } catch {
    // Reported elsewhere.
    return new Set();
  }
}

/** The same but for case, separators and a prefix; or with a typing error. */
function resembles(name: string, ours: string): boolean {
  const given = name.toUpperCase().replace(PREFIX, '');
  const [short, wanted] = [lettersOf(given), lettersOf(ours)];
  if (short === wanted) return true;
  if (Math.min(short.length, wanted.length) < SHORTEST_COMPARED) return false;
  return editDistance(short, wanted) === 1 || hasTypingErrors(given.split('_'), ours.split('_'));
}

function lettersOf(name: string): string {
  return name.replaceAll(/[^A-Z0-9]/g, '');
}

/** Two at most, in words of a length that makes chance unlikely: `DATABASE_SSL` is no `DATABASE_URL`. */
function hasTypingErrors(given: readonly string[], wanted: readonly string[]): boolean {
  if (given.length !== wanted.length) return false;
  let errors = 0;
  for (const [index, word] of wanted.entries()) {
    const distance = editDistance(given[index]!, word);
    const length = Math.max(given[index]!.length, word.length);
    if (distance > (length < SHORTEST_COMPARED ? 1 : 2)) return false;
    errors += distance;
  }
  return errors <= 2;
}

/** Letters that are missing, too many, wrong or swapped (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      let least = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (isSame ? 0 : 1));
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwapped) least = Math.min(least, beforeLast[column - 2]! + 1);
      current.push(least);
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length]!;
}
