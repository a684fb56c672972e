import { connect, type Socket } from 'node:net';

/** One answer, with the time from handing over the request to its last byte. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly durationMs: number;
}

/**
 * A keep-alive connection that carries one request at a time. Written for speed: what loads a server must cost less
 * than the server. It understands what the servers under test send, `Content-Length` and chunks, and nothing else.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #received = '';
  #startedAt = 0;
  #answered: ((answer: Answer) => void) | undefined;

  constructor(port: number, onBroken: (error: Error) => void) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => this.#receive(text));
    this.#socket.on('error', onBroken);
    this.#socket.on('close', () => {
      if (this.#answered) onBroken(new Error('the server closed a connection under a request'));
    });
  }

  /** `startedAt` is when the request was due, where that is not now. */
  send(request: string, answered: (answer: Answer) => void, startedAt = performance.now()): void {
    this.#answered = answered;
    this.#startedAt = startedAt;
    this.#socket.write(request, 'latin1');
  }

  close(): void {
    this.#answered = undefined;
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#received = this.#received === '' ? text : this.#received + text;
    const body = wholeBody(this.#received);
    const answered = this.#answered;
    if (body === undefined || !answered) return;
    const status = Number(this.#received.slice(9, 12));
    this.#received = '';
    this.#answered = undefined;
    answered({ status, body, durationMs: performance.now() - this.#startedAt });
  }
}

const LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;

/** The body, where all of it is there. Chunks are left as they came. */
function wholeBody(received: string): string | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = received.slice(0, headEnd);
  const body = received.slice(headEnd + 4);
  const length = LENGTH.exec(head)?.[1];
  if (length !== undefined) return body.length >= Number(length) ? body : undefined;
  if (CHUNKED.test(head)) return body.endsWith('0\r\n\r\n') ? body : undefined;
  return body;
}
