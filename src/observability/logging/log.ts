import { type Logger as PinoLogger, pino } from 'pino';
import type { LogLevel } from '../../config/config.js';
import type { Clock } from '../../shared/clock.js';
import { currentScope } from '../request-scope.js';
import { traceIdOf } from '../tracing/tracer.js';
import type { LogOutput } from './log-output.js';
import { outsideIn } from './outside.js';

/**
 * The program's log: one JSON object per line. Text from outside goes through `outside()` before it becomes a field;
 * nothing is masked here, as every request writes a line.
 */
export abstract class Log {
  abstract debug(fields: object, message: string): void;
  abstract info(fields: object, message: string): void;
  abstract warn(fields: object, message: string): void;
  abstract error(fields: object, message: string): void;
  abstract fatal(fields: object, message: string): void;
  abstract isLevelEnabled(level: LogLevel): boolean;
}

/** Within a request every line has the request's ids, so that one trace id connects all of them (SPEC §8). */
export function createLog(level: LogLevel, output: LogOutput, clock: Clock): PinoLogger {
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: timestampOf(clock),
      mixin: scopeFields,
      // Errors from Nest's logger are masked already, and plain objects.
      serializers: { err: (error: unknown) => (error instanceof Error ? outsideIn(error) : error) },
    },
    output,
  );
}

function scopeFields(): object {
  const scope = currentScope();
  return scope ? { requestId: scope.requestId, traceId: traceIdOf(scope.traceparent) } : {};
}

/** RFC 3339, formatted once per millisecond, as it costs more than the rest of a line's head. */
function timestampOf(clock: Clock): () => string {
  let writtenMs = 0;
  let written = '';
  return () => {
    const nowMs = clock.now();
    if (nowMs !== writtenMs) {
      writtenMs = nowMs;
      written = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return written;
  };
}
