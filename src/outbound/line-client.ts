import { Client, type buildConnector, type Dispatcher } from 'undici';
import { Connection, type DiscardReason, type Line } from './connection.js';
import { ExchangeHandler } from './exchange.handler.js';
import type { PauseDetector } from './pause-detector.js';

export type LineClientOptions = Client.Options & { readonly connect: buildConnector.connector };

/** undici's client of one connection. It gives each {@link ExchangeHandler} the connection that carries it. */
export class LineClient extends Client {
  readonly #line: Line;

  constructor(
    origin: string | URL,
    options: LineClientOptions,
    pauses: PauseDetector,
    onDiscard: ((reason: DiscardReason) => void) | undefined,
  ) {
    const line: Line = { connection: undefined };
    super(origin, {
      ...options,
      connect: (target, callback) => {
        const pausesBefore = pauses.count();
        options.connect(target, (...[error, socket]) => {
          if (error) return callback(error, null);
          line.connection = new Connection(socket, pauses, pausesBefore, onDiscard);
          callback(null, socket);
        });
      },
    });
    this.#line = line;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (handler instanceof ExchangeHandler) handler.line = this.#line;
    return super.dispatch(options, handler);
  }
}
