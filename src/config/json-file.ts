import { readJson, type JsonBounds } from '../shared/json-reader.js';
import { refuse, type Place } from './document-reader.js';

const BOUNDS: JsonBounds = {
  byteOrderMark: 'ignore',
  duplicateNames: 'refuse',
  lossyNumbers: 'round',
  maxLength: 1_048_576,
};

/** The JSON value of a configuration file's text, or undefined where it has none. Its problems are added at `place`. */
export function readJsonFile(text: string, place: Place): unknown {
  const { value, violations } = readJson(text, BOUNDS);
  for (const violation of violations) {
    if (violation.kind === 'duplicate-name') {
      place.problems.push({ pointer: violation.pointer, detail: 'must be given once; got it twice' });
    } else if (violation.kind === 'too-long') {
      refuse(place, `must be at most ${BOUNDS.maxLength} characters long; got ${violation.length}`);
    } else if (violation.kind === 'syntax') {
      const { line, column, expected } = violation;
      refuse(place, `must be JSON; at line ${line}, column ${column}, ${expected} was expected`);
    }
  }
  return value;
}
