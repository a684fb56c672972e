import { Agent, createServer, request as send, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MAX_BODY_BYTES, readRawBody } from './raw-body.js';

const MEBIBYTE = 1_048_576;

describe('readRawBody', () => {
  let server: Server;
  let url: string;
  let agent: Agent;

  beforeEach(async () => {
    server = createServer((request, response) => {
      readRawBody(request).then(
        (body) => response.end(String(body.length)),
        (error: unknown) => response.end(String(error)),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
  });
  afterEach(() => {
    agent.destroy();
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

  it('refuses a body of more than 1,024 parts', async () => {
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
    expect(await parts(1_025)).toContain('more than 1024 parts');
  });

  it('holds at most 32 MiB of bodies that are not complete, and releases them', async () => {
    const patient = new Agent({ keepAlive: false });
    const part = Buffer.alloc(MAX_BODY_BYTES - 1, 32);
    const answers: Promise<string>[] = [];
    const requests = Array.from({ length: 300 }, () => {
      const { promise, resolve } = Promise.withResolvers<string>();
      answers.push(promise);
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
      request.write(part);
      return request;
    });
    const refused = await Promise.any(answers);
    expect(refused).toContain('more bodies than it can hold');
    for (const request of requests) request.end(' ');
    const ended = await Promise.all(answers);
    expect(ended.filter((answer) => answer === String(MAX_BODY_BYTES)).length).toBeGreaterThanOrEqual(255);
    expect(await answerTo(MAX_BODY_BYTES, true)).toBe(String(MAX_BODY_BYTES));
    patient.destroy();
  });
});
