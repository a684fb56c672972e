import { Logger, PinoLogger } from 'nestjs-pino';
import type { Level, Logger as Pino } from 'pino';
import { traceIdOf } from '../tracing/tracer.js';
import { outsideIn } from './outside.js';

/** nestjs-pino's logger for Nest: everything that Nest and the modules log with Nest's `Logger` goes to `pino`. */
export function nestLogger(pino: Pino): Logger {
  return new Logger(new MaskingLogger(pino), {});
}

/** Nest's own start writes 60 lines: level debug. */
const FRAMEWORK = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

/**
 * Masks everything, as modules may log text from outside; the line of each request bypasses it (`Log`). nestjs-pino
 * keeps one root logger for the whole process, but an application logs to its own.
 */
class MaskingLogger extends PinoLogger {
  constructor(private readonly pino: Pino) {
    super({ pinoHttp: { logger: pino } });
  }

  override trace(...line: unknown[]): void {
    this.#write('trace', line);
  }

  override debug(...line: unknown[]): void {
    this.#write('debug', line);
  }

  override info(...line: unknown[]): void {
    const { context } = line[0] as { context?: unknown };
    this.#write(typeof context === 'string' && FRAMEWORK.has(context) ? 'debug' : 'info', line);
  }

  override warn(...line: unknown[]): void {
    this.#write('warn', line);
  }

  override error(...line: unknown[]): void {
    // src/start.ts reports a failed start once, in plain lines.
    if ((line[0] as { context?: unknown }).context === 'ExceptionHandler') return;
    this.#write('error', line);
  }

  override fatal(...line: unknown[]): void {
    this.#write('fatal', line);
  }

  #write(level: Level, line: readonly unknown[]): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const [fields, ...message] = line.map((part) => outsideIn(part)) as [object, ...string[]];
    this.pino[level](withTraceId(fields), ...(message as [string]));
  }
}

/** Modules pass the `traceparent` of a row; log lines hold its trace id (SPEC §8). */
function withTraceId(fields: object): object {
  if (!('traceparent' in fields)) return fields;
  const { traceparent, ...rest } = fields;
  return typeof traceparent === 'string' ? { traceId: traceIdOf(traceparent), ...rest } : rest;
}
