import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../../../test/support/until.js';
import { ChunkedOutput } from './log-output.js';

describe('ChunkedOutput', () => {
  let chunks: string[];
  let flushes: number;
  let output: ChunkedOutput;

  beforeEach(() => {
    chunks = [];
    flushes = 0;
    output = new ChunkedOutput({
      write: (text) => void chunks.push(text),
      flushSync: () => void (flushes += 1),
      droppedLines: 7,
    });
  });
  afterEach(() => output.close());

  it('gathers lines, and hands them on together after a moment', async () => {
    output.write('a\n');
    output.write('b\n');
    expect(chunks).toEqual([]);
    await until(() => chunks.length > 0, 'the chunk');
    expect(chunks).toEqual(['a\nb\n']);
  });

  it('hands a full chunk on at once', () => {
    const line = `${'x'.repeat(1_000)}\n`;
    for (let i = 0; i < 13; i += 1) output.write(line);
    expect(chunks).toEqual([line.repeat(13)]);
  });

  it('has written everything after flushSync, as at every exit', () => {
    output.write('last\n');
    process.listeners('exit').at(-1)!(0);
    expect([chunks, flushes]).toEqual([['last\n'], 1]);
  });

  it('waits for nothing once it is closed, and leaves nothing behind', () => {
    const before = process.listenerCount('exit');
    output.close();
    expect(process.listenerCount('exit')).toBe(before - 1);
    output.write('after\n');
    expect(chunks).toEqual(['after\n']);
  });

  it('reports the lines that its destination dropped', () => {
    expect(output.droppedLines).toBe(7);
  });
});
