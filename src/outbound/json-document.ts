import { readJson, type JsonBounds } from '../shared/json-reader.js';

/** Deeper than any token or discovery document. */
const MAX_DEPTH = 100;
/** A document that names something twice means two things: it is none. */
const BOUNDS: JsonBounds = {
  byteOrderMark: 'ignore',
  duplicateNames: 'refuse',
  lossyNumbers: 'round',
  maxDepth: MAX_DEPTH,
  maxViolations: 1,
};

/** The JSON of a token endpoint or issuer; undefined where it is none, is nested too deep or has a name twice. */
export function readJsonDocument(source: Buffer | string): unknown {
  const { value, violations } = readJson(source, BOUNDS);
  return violations.length === 0 ? value : undefined;
}
