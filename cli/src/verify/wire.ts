import { connect as connectTcp, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { ClientTls } from '../../../src/outbound/connector.js';
import { CheckFailed } from './check-errors.js';

const HEAD_END = '\r\n\r\n';

/** One connection, byte for byte: for what an HTTP client does not show. */
export interface Wire {
  /** Writes the pieces of a request one after the other, and resolves with the status line and headers of the answer. */
  exchange(pieces: readonly Buffer[]): Promise<string>;
  /** How long the other side leaves the connection open without a request: `ms` at most. */
  openFor(ms: number): Promise<number>;
  close(): void;
}

/** Connects to the host of `url` within `timeoutMs`. */
export async function openWire(
  url: URL,
  tls: ClientTls | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Wire> {
  const isTls = url.protocol === 'https:';
  const port = Number(url.port || (isTls ? 443 : 80));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const socket = isTls ? connectTls({ host, port, servername: host, ...tls }) : connectTcp({ host, port });
  socket.setNoDelay(true);
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  await until(socket, isTls ? 'secureConnect' : 'connect', deadline);
  return new SocketWire(socket, timeoutMs, signal);
}

class SocketWire implements Wire {
  #received = '';

  constructor(
    private readonly socket: Socket,
    private readonly timeoutMs: number,
    private readonly signal: AbortSignal,
  ) {
    socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1');
    });
    socket.on('error', () => {});
  }

  async exchange(pieces: readonly Buffer[]): Promise<string> {
    const deadline = AbortSignal.any([this.signal, AbortSignal.timeout(this.timeoutMs)]);
    for (const piece of pieces) {
      this.socket.write(piece);
      await nextTurn();
    }
    while (!this.#received.includes(HEAD_END)) await until(this.socket, 'data', deadline);
    return this.#received.slice(0, this.#received.indexOf(HEAD_END));
  }

  async openFor(ms: number): Promise<number> {
    const startedAt = performance.now();
    if (this.socket.readableEnded || this.socket.destroyed) return 0;
    const deadline = AbortSignal.any([this.signal, AbortSignal.timeout(ms)]);
    await new Promise<void>((resolve) => {
      this.socket.once('end', resolve).once('close', resolve);
      deadline.addEventListener('abort', () => resolve(), { once: true });
    });
    this.signal.throwIfAborted();
    return deadline.aborted ? ms : performance.now() - startedAt;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** @throws CheckFailed where the connection ends, or `deadline` passes, before `event` */
function until(
  socket: Socket,
  event: 'connect' | 'secureConnect' | 'data',
  deadline: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: Error): void => {
      for (const [name, listener] of listeners) socket.removeListener(name, listener);
      deadline.removeEventListener('abort', late);
      if (error) reject(error);
      else resolve();
    };
    const late = (): void => end(new CheckFailed('no answer came in time'));
    const listeners: [string, (error: Error) => void][] = [
      [event, () => end()],
      ['error', (error: Error) => end(new CheckFailed(`the connection failed: ${error.message}`))],
      ['end', () => end(new CheckFailed('the external closed the connection without an answer'))],
    ];
    for (const [name, listener] of listeners) socket.once(name, listener);
    if (deadline.aborted) late();
    else deadline.addEventListener('abort', late, { once: true });
  });
}
