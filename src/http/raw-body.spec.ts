import { Agent, type ClientRequest, createServer, request as send, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SystemClock } from '../shared/clock.js';
import { Admission } from './admission.js';
import { MAX_BODY_BYTES, readRawBody, readUnverifiedBody } from './raw-body.js';

const MEBIBYTE = 1_048_576;

describe('readRawBody', () => {
  let server: Server;
  let url: string;
  let agent: Agent;
  let patient: Agent;
  let read: typeof readRawBody;

  beforeEach(async () => {
    read = readRawBody;
    server = createServer((request, response) => {
      read(request).then(
        (body) => response.end(String(body.length)),
        (error: unknown) => response.end(String(error)),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
    patient = new Agent({ keepAlive: false });
  });
  afterEach(() => {
    agent.destroy();
    patient.destroy();
    server.closeAllConnections();
    server.close();
  });

  const answerTo = (bytes: number, declared: boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = declared ? { 'content-length': bytes } : { 'transfer-encoding': 'chunked' };
      send(url, { method: 'POST', agent, headers }, (response) => {
        response
          .setEncoding('utf8')
          .toArray()
          .then((texts) => resolve(texts.join('')), reject);
      })
        .on('error', reject)
        .end(Buffer.alloc(bytes, 32));
    });

  it.each([true, false])(
    'keeps a connection usable after a body that is too large (declared: %s)',
    async (declared) => {
      for (const bytes of [MAX_BODY_BYTES + 1, 1.5 * MEBIBYTE, 5 * MEBIBYTE]) {
        expect(await answerTo(bytes, declared)).toContain('exceeds 128 KiB');
        expect(await answerTo(MAX_BODY_BYTES, declared)).toBe(String(MAX_BODY_BYTES));
      }
    },
  );

  it('refuses a body of more than 1,024 parts, and looks at no further one', async () => {
    let seen = 0;
    server.on('request', (request) => request.on('data', () => (seen += 1)));
    const parts = (count: number): Promise<string> =>
      new Promise((resolve, reject) => {
        const request = send(url, { method: 'POST', agent }, (response) => {
          response
            .setEncoding('utf8')
            .toArray()
            .then((texts) => resolve(texts.join('')), reject);
        }).on('error', reject);
        for (let part = 0; part < count; part += 1) request.write('x'); // a chunk of its own
        request.end();
      });
    expect(await parts(1_024)).toBe('1024');
    expect(seen).toBe(1_024);
    expect(await parts(5_000)).toContain('more than 1024 parts');
    expect(seen).toBe(1_024 + 1_025);
  });

  /** Sends so many bytes of a body of 128 KiB, on a connection of its own. */
  const begin = (bytes: number): { request: ClientRequest; answer: Promise<string> } => {
    const { promise: answer, resolve } = Promise.withResolvers<string>();
    const headers = { 'content-length': MAX_BODY_BYTES };
    const request = send(url, { method: 'POST', agent: patient, headers }, (response) => {
      response
        .setEncoding('utf8')
        .toArray()
        .then(
          (texts) => resolve(texts.join('')),
          () => resolve('closed'),
        );
    }).on('error', () => resolve('closed'));
    request.write(Buffer.alloc(bytes, 32));
    return { request, answer };
  };

  it('holds at most 32 MiB of bodies that are not complete: the slowest give way, and others are read', async () => {
    const first = begin(MAX_BODY_BYTES - 1);
    const slow = Array.from({ length: 300 }, () => begin(MAX_BODY_BYTES - 1));
    expect(await first.answer).toContain('more bodies than it can hold');
    expect(await answerTo(MAX_BODY_BYTES, true)).toBe(String(MAX_BODY_BYTES));
    for (const { request } of slow) request.end(' ');
    const ended = await Promise.all(slow.map(({ answer }) => answer));
    expect(ended.filter((answer) => answer === String(MAX_BODY_BYTES)).length).toBeGreaterThanOrEqual(250);
    expect(await answerTo(MAX_BODY_BYTES, true)).toBe(String(MAX_BODY_BYTES));
  });

  it('counts large bodies of unknown senders until their turn; they take no place of other requests', async () => {
    const admission = new Admission(new SystemClock());
    read = readUnverifiedBody;
    admission.guard(server, () => 'a client');
    const all = Array.from({ length: 600 }, () => begin(MAX_BODY_BYTES));
    let mostBusy = 0;
    const watch = setInterval(() => (mostBusy = Math.max(mostBusy, admission.busy)), 1);
    const answers = await Promise.all(all.map(({ answer }) => answer));
    clearInterval(watch);
    admission.onApplicationShutdown();
    expect(answers.some((answer) => answer.includes('more bodies than it can hold'))).toBe(true);
    expect(answers.filter((answer) => answer === String(MAX_BODY_BYTES)).length).toBeGreaterThanOrEqual(200);
    expect(mostBusy).toBeLessThan(64);
  });
});
