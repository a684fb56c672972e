import { describe, expect, it } from '@jest/globals';
import { storableText } from './storable-text.js';

describe('storableText', () => {
  it.each([
    ['short', 10, 'short'],
    ['exactly', 7, 'exactly'],
    ['longer', 3, 'lon'],
    ['äöü', 4, 'äö'],
    ['äöü', 3, 'ä'],
    ['a€', 3, 'a'],
    ['a€', 4, 'a€'],
    ['🙂🙂', 7, '🙂'],
    ['🙂', 3, ''],
    ['a\0b', 10, 'a\uFFFDb'],
    ['\ud83d', 10, '\uFFFD'],
    ['', 5, ''],
  ])('%j in %d bytes is %j', (text, maxBytes, expected) => {
    expect(storableText(text, maxBytes)).toBe(expected);
  });
});
