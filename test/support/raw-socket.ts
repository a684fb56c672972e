import { connect, type Socket } from 'node:net';

/** An answer as received over a socket. */
export interface SocketAnswer {
  /** 0 without an answer. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

export function openSocket(url: string): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname).on('error', () => {});
}

/** Sends bytes that may not be HTTP, waits until the other side closes, and returns the first answer. */
export async function exchange(url: string, bytes: string | Buffer): Promise<SocketAnswer> {
  const [first] = answersIn(await sendBytes(url, bytes, false));
  return first ?? { status: 0, head: '', body: '' };
}

/** The same, but ends its side and returns all answers: odd bytes may be several requests. */
export async function exchangeAll(url: string, bytes: Buffer): Promise<SocketAnswer[]> {
  return answersIn(await sendBytes(url, bytes, true));
}

function sendBytes(url: string, bytes: string | Buffer, end: boolean): Promise<string> {
  return new Promise((resolve) => {
    const socket = openSocket(url);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    if (end) socket.end(bytes);
    else socket.write(bytes);
  });
}

/** Consecutive answers by `Content-Length`; without it, the rest is the last body. */
function answersIn(received: string): SocketAnswer[] {
  const answers: SocketAnswer[] = [];
  for (let rest = received; rest !== '';) {
    const headEnd = rest.indexOf('\r\n\r\n');
    const head = headEnd < 0 ? rest : rest.slice(0, headEnd);
    const after = headEnd < 0 ? '' : rest.slice(headEnd + 4);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? after.length);
    const body = Buffer.from(after.slice(0, length), 'latin1').toString();
    answers.push({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, body });
    rest = after.slice(length);
  }
  return answers;
}
