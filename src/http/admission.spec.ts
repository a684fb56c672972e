import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SystemClock } from '../shared/clock.js';
import { Admission, admittedOf } from './admission.js';

interface Sent {
  readonly request: IncomingMessage;
  readonly response: EventEmitter & { status?: number; body?: string };
}

describe('the admission of requests', () => {
  let admission: Admission;
  let server: Server;
  let handled: IncomingMessage[];

  const send = (url = '/v3/acme/pay'): Sent => {
    const request = { method: 'POST', url } as IncomingMessage;
    const response: Sent['response'] = Object.assign(new EventEmitter(), {
      writeHead: (status: number) => void (response.status = status),
      end: (body: string) => void (response.body = body),
    });
    server.emit('request', request, response as unknown as ServerResponse);
    return { request, response };
  };
  const sendMany = (count: number): Sent[] => Array.from({ length: count }, () => send());
  const answer = (sent: readonly Sent[]): void => {
    for (const { response } of sent) response.emit('close');
  };

  beforeEach(() => {
    jest.useFakeTimers();
    handled = [];
    server = createServer((request) => void handled.push(request));
    admission = new Admission(new SystemClock());
    admission.guard(server, () => 'a client');
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('refuses what is above the limit, and nothing of health and metrics', () => {
    const admitted = sendMany(admission.limit);
    const refused = send();
    expect(handled).toHaveLength(admission.limit);
    expect(refused.response.status).toBe(503);
    expect(JSON.parse(refused.response.body!)).toMatchObject({
      code: 'overloaded',
      outcome: 'not-executed',
      instance: '/v3/acme/pay',
    });
    for (const path of ['/health/live', '/health/ready', '/metrics'])
      expect(send(path).response.status).toBeUndefined();
    answer(admitted);
    expect([admission.busy, admission.refused]).toEqual([0, 1]);
    expect(send().response.status).toBeUndefined();
  });

  it('does not count requests that wait for an external', () => {
    const admitted = sendMany(admission.limit);
    for (const { request } of admitted) admittedOf(request)!.beginWait();
    expect(admission.busy).toBe(0);
    for (const { request } of admitted) admittedOf(request)!.endWait();
    expect(admission.busy).toBe(admitted.length);
    answer(admitted);
    expect(admission.busy).toBe(0);
  });

  it('counts a request once whose caller goes before, during or after the call', () => {
    const [before, during] = sendMany(2) as [Sent, Sent];
    answer([before]);
    admittedOf(before.request)!.beginWait();
    admittedOf(before.request)!.endWait();
    admittedOf(during.request)!.beginWait();
    answer([during]);
    admittedOf(during.request)!.endWait();
    expect(admission.busy).toBe(0);
  });

  it('lowers the limit while requests take long, and raises it again', () => {
    const first = admission.limit;
    const load = (rounds: number, tookMs: number, count: () => number): void => {
      for (let i = 0; i < rounds; i++) {
        const sent = sendMany(count());
        jest.advanceTimersByTime(tookMs);
        answer(sent);
      }
    };
    load(30, 500, () => admission.limit);
    expect(admission.limit).toBe(192);
    load(30, 20, () => admission.limit);
    expect(admission.limit).toBeGreaterThan(192);
    load(50, 100, () => 1);
    expect(admission.limit).toBeGreaterThanOrEqual(first);
  });

  describe('while the event loop is late', () => {
    /** `requests` at once that are answered at once, then a tick 300 ms later, ten times; its thread worked so long. */
    const tickLate = (requests: number, workedMs: number): void => {
      const monotonic = performance.now();
      for (let i = 1; i <= 10; i++) {
        answer(sendMany(requests));
        jest.spyOn(performance, 'now').mockReturnValue(monotonic + i * 300);
        jest.spyOn(process, 'threadCpuUsage').mockReturnValue({ user: i * workedMs * 1_000, system: 0 });
        jest.advanceTimersByTime(25);
      }
      jest.restoreAllMocks();
    };

    it('lowers the limit', () => {
      const first = admission.limit;
      tickLate(first / 2, 300);
      expect(admission.limit).toBeLessThan(first);
    });

    it('keeps the limit if the requests were too few to be the reason', () => {
      const first = admission.limit;
      tickLate(first / 8, 300);
      expect(admission.limit).toBe(first);
    });

    it('keeps the limit if its thread did not work meanwhile, as in a process that was stopped', () => {
      const first = admission.limit;
      tickLate(first / 2, 0);
      expect(admission.limit).toBe(first);
    });
  });
});
