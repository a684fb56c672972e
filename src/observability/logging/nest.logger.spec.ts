import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Logger } from 'nestjs-pino';
import { LogLines } from '../../../test/support/log-lines.js';
import { TestClock } from '../../../test/support/test-clock.js';
import type { LogLevel } from '../../config/config.js';
import { runInScope } from '../request-scope.js';
import { createLog } from './log.js';
import { nestLogger } from './nest.logger.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

describe('Nest’s logger', () => {
  let lines: LogLines;
  let clock: TestClock;

  const logger = (level: LogLevel = 'info'): Logger => nestLogger(createLog(level, lines, clock));

  beforeEach(() => {
    lines = new LogLines();
    clock = new TestClock();
  });

  // As Nest's own `Logger` calls it: the module's name is the last argument.
  it('writes the lines of a module with its name', () => {
    logger().log({ ref: 'pay_1' }, 'Reconciled', 'Reconciliation');
    expect(lines.lines()).toEqual([
      {
        level: 'info',
        time: new Date(clock.now()).toISOString(),
        context: 'Reconciliation',
        ref: 'pay_1',
        msg: 'Reconciled',
      },
    ]);
  });

  it('masks all fields and messages', () => {
    logger().warn({ detail: 'card 4111111111111111' }, 'refused 4111-1111-1111-1111', 'Module');
    logger().error(new Error('card 4111111111111111'), undefined, 'Module');
    expect(lines.text).not.toMatch(/4111[- ]?1111/);
    expect(lines.lines()[1]).toMatchObject({ err: { type: 'Error', message: 'card ************1111' } });
  });

  it('names a row’s trace by its id', () => {
    logger().log({ traceparent: TRACEPARENT }, 'Reconciled', 'Module');
    logger().log({ traceparent: null }, 'Reconciled', 'Module');
    expect(lines.lines().map(({ traceId, traceparent }) => [traceId, traceparent])).toEqual([
      [TRACE_ID, undefined],
      [undefined, undefined],
    ]);
  });

  it('adds the ids of the current request', () => {
    runInScope({ requestId: 'req-1', traceparent: TRACEPARENT, externalMs: 0 }, () =>
      logger().log('within', 'Module'),
    );
    logger().log('without', 'Module');
    expect(lines.lines().map(({ requestId, traceId }) => [requestId, traceId])).toEqual([
      ['req-1', TRACE_ID],
      [undefined, undefined],
    ]);
  });

  it('logs the start of the framework at level debug', () => {
    logger().log('Mapped {/health, GET} route', 'RouterExplorer');
    expect(lines.text).toBe('');
    logger('debug').log('Mapped {/health, GET} route', 'RouterExplorer');
    expect(lines.lines()).toMatchObject([{ level: 'debug', context: 'RouterExplorer' }]);
  });

  it('of several applications in one process writes to its own log', () => {
    const others = new LogLines();
    const other = nestLogger(createLog('info', others, clock));
    logger().log('here', 'Module');
    other.log('there', 'Module');
    expect([lines, others].map((log) => log.lines().map(({ msg }) => msg))).toEqual([['here'], ['there']]);
  });
});
