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
  const oneLineEach = {
    write: (line: string) => output.write(inOneLine(line)),
    flushSync: () => output.flushSync(),
  };
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
    oneLineEach,
  );
}

/** What JSON leaves as it is, and readers take for the end of a line, or terminals for a command (C1 controls). */
const LINE_BREAKERS = /[\u007f-\u009f\u2028\u2029]/;

function inOneLine(line: string): string {
  if (!LINE_BREAKERS.test(line)) return line;
  return line.replaceAll(
    new RegExp(LINE_BREAKERS, 'g'),
    (character) => String.raw`\u` + character.charCodeAt(0).toString(16).padStart(4, '0'),
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
