import { expect, it } from '@jest/globals';
import { isNoticeDue, type NoticeWhen } from './notice.js';

const TABLE: readonly [NoticeWhen, version: number | undefined, due: boolean][] = [
  ['always', undefined, true],
  ['always', 0, true],
  ['always', 2, true],
  ['on-change', undefined, false],
  ['on-change', 0, true],
  ['on-change', 2, true],
  ['if-notified', undefined, false],
  ['if-notified', 0, false],
  ['if-notified', 2, true],
];

it.each(TABLE)('%s, version %p: %p', (when, version, due) => {
  expect(isNoticeDue(when, version)).toBe(due);
});
