import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../../../test/support/until.js';
import { DescriptorWriter } from './descriptor-writer.js';

const LINE = `${'x'.repeat(999)}\n`;
/** More than a pipe holds. */
const CHUNK = LINE.repeat(100);

describe('DescriptorWriter', () => {
  let folder: string;
  let opened: number[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-writer-'));
    opened = [];
  });
  afterEach(() => {
    for (const descriptor of opened) closeSync(descriptor);
    rmSync(folder, { recursive: true });
  });

  function open(path: string, flags: number | string): number {
    const descriptor = openSync(path, flags);
    opened.push(descriptor);
    return descriptor;
  }

  function pipe(): { readonly reader: number; readonly writer: number; readonly path: string } {
    const path = join(folder, 'pipe');
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    const reader = open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { reader, writer: open(path, constants.O_WRONLY | constants.O_NONBLOCK), path };
  }

  const writerOn = (descriptor: number, maxWaitingBytes = 1_000_000): DescriptorWriter =>
    new DescriptorWriter(descriptor, { maxWaitingBytes, flushLimitMs: 200 });

  /** What is in the pipe now. */
  function drain(reader: number): string {
    const buffer = Buffer.alloc(1_048_576);
    let text = '';
    for (;;) {
      try {
        const bytes = readSync(reader, buffer);
        if (bytes === 0) return text;
        text += buffer.toString('latin1', 0, bytes);
      } catch {
        return text;
      }
    }
  }

  it('writes in order, and at once what is flushed', async () => {
    const path = join(folder, 'file');
    const writer = writerOn(open(path, 'w'));
    writer.write('a\n');
    await until(() => readFileSync(path, 'utf8') === 'a\n', 'the line');
    for (const line of ['b\n', 'c\n', 'd\n']) writer.write(line);
    writer.flushSync();
    await until(() => readFileSync(path, 'utf8').length === 8, 'all lines');
    expect(readFileSync(path, 'utf8').split('\n').toSorted()).toEqual(['', 'a', 'b', 'c', 'd']);
    expect(writer.droppedLines).toBe(0);
  });

  it('waits for a reader that stalls, and loses nothing within its limit', async () => {
    const { reader, writer: descriptor } = pipe();
    const writer = writerOn(descriptor);
    for (let i = 0; i < 5; i += 1) writer.write(CHUNK);
    let text = '';
    await until(() => (text += drain(reader)).length === 5 * CHUNK.length, 'all of it');
    expect(text).toBe(CHUNK.repeat(5));
    expect(writer.droppedLines).toBe(0);
  });

  it('drops and counts what is beyond its limit, and goes on in whole lines', async () => {
    const { reader, writer: descriptor } = pipe();
    const writer = writerOn(descriptor, 150_000);
    for (let i = 0; i < 10; i += 1) writer.write(CHUNK);
    // One is written, one waits.
    expect(writer.droppedLines).toBe(800);
    let text = '';
    await until(() => (text += drain(reader)).length === 2 * CHUNK.length, 'the two');
    writer.write('last\n');
    await until(() => (text += drain(reader)).endsWith('last\n'), 'the last');
    expect(text).toBe(`${CHUNK.repeat(2)}last\n`);
  });

  it('ends a flush without a reader, and counts what it dropped', async () => {
    const { reader, writer: descriptor } = pipe();
    const writer = writerOn(descriptor);
    writer.write(CHUNK);
    writer.write(CHUNK);
    const beganAt = performance.now();
    writer.flushSync();
    expect(performance.now() - beganAt).toBeLessThan(2_000);
    writer.write(CHUNK);
    await until(() => (drain(reader), writer.droppedLines > 0), 'the count');
    expect(writer.droppedLines).toBeLessThanOrEqual(200);
    // It goes on with a whole line.
    let text = '';
    writer.write('last\n');
    await until(() => (text += drain(reader)).endsWith('\nlast\n'), 'the last');
  });

  it('counts every line for a reader that is gone, and serves the next one', async () => {
    const { reader, writer: descriptor, path } = pipe();
    const writer = writerOn(descriptor, 3_000);
    closeSync(reader);
    opened.splice(opened.indexOf(reader), 1);
    for (let i = 1; i <= 10; i += 1) {
      writer.write(LINE);
      await until(() => writer.droppedLines === i, `line ${i}`);
    }
    writer.write(LINE);
    writer.flushSync();
    const next = open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    writer.write('next\n');
    await until(() => drain(next).includes('next\n'), 'the next line');
  });

  it('counts what a full disk refuses, without an exception', async () => {
    const writer = writerOn(open('/dev/full', 'w'), 5_000);
    for (let i = 0; i < 10; i += 1) writer.write(LINE);
    await until(() => writer.droppedLines >= 6, 'the dropped lines');
    writer.flushSync();
    await until(() => writer.droppedLines === 10, 'all lines to be counted');
  });
});
