import type { Operator } from '../../src/audit/operator.js';

/** An operator who replays a notification from the loopback address. */
export const OPS: Operator = {
  name: 'ops',
  action: 'replayNotification',
  address: '127.0.0.1',
  requestId: 'req-ops',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  continued: false,
};
