import { InvalidArgumentError } from 'commander';
import { Violation } from '../../src/rules/rule.js';
import { instant } from '../../src/rules/time-rules.js';

/** Reads the value of an option: an integer from `min` to `max`. */
export function integerOption(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be an integer from ${min} to ${max}.`);
  };
}

/** The same: an http(s) URL. */
export function urlOption(text: string): string {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('It must be an http(s) URL.');
}

/** The same: a point in time with its zone, in milliseconds since the epoch. */
export function timeOption(text: string): number {
  const value = instant.read(text);
  if (!(value instanceof Violation)) return value;
  throw new InvalidArgumentError('It must be a date and time with its zone, such as 2026-01-31T12:00:00Z.');
}
