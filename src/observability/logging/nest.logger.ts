import { Logger, PinoLogger } from 'nestjs-pino';
import type { Level, Logger as Pino } from 'pino';
import { traceIdOf } from '../tracing/traceparent.js';
import { outsideIn } from './outside.js';

/** nestjs-pino's logger for Nest: everything that Nest and the rooms say by Nest's `Logger` goes through `pino`. */
export function nestLogger(pino: Pino): Logger {
  return new Logger(new RoomLogger(pino), {});
}

/** What Nest says of its own start: 60 lines that nobody has asked for. */
const FRAMEWORK = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

/**
 * What rooms log may come from outside, so all of it is masked here; the lines that each request costs go another way (`Log`).
 * nestjs-pino keeps one root logger for the whole process, but an application logs to its own.
 */
class RoomLogger extends PinoLogger {
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
    // A start that fails is told once, in plain lines, by whoever started it (src/start.ts).
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

/** Rooms name the trace of a row as it stands there; log lines name it by its id (SPEC §8). */
function withTraceId(fields: object): object {
  if (!('traceparent' in fields)) return fields;
  const { traceparent, ...rest } = fields;
  return typeof traceparent === 'string' ? { traceId: traceIdOf(traceparent), ...rest } : rest;
}
