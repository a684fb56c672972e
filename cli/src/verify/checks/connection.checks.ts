import { requestHeaders } from '../../../../src/providers/http-call.js';
import { newIdentifier } from '../../../../src/shared/identifier.js';
import type { Check } from '../check.js';
import { CheckFailed } from '../check-errors.js';
import { answerOf, ensure, paid } from '../expect.js';
import type { Session } from '../session.js';
import { openWire, type Wire } from '../wire.js';

/** So small that a character of several bytes and the end of the headers are split. */
const PIECE_BYTES = 7;
const QUIET_MS = 300;

async function withWire<T>(session: Session, use: (wire: Wire) => Promise<T>): Promise<T> {
  const { external, signal } = session.kit.options;
  const wire = await openWire(new URL(external.baseUrl), session.kit.tls(), external.timeoutMs, signal);
  try {
    return await use(wire);
  } finally {
    wire.close();
  }
}

/** The bytes of a request, as the gateway's client writes them. */
async function bytesOf(
  session: Session,
  method: 'GET' | 'POST',
  path: string,
  body?: string,
): Promise<Buffer> {
  const { kit } = session;
  const { host, pathname } = new URL(kit.options.external.baseUrl);
  const nowMs = kit.clock.now();
  const headers = {
    ...requestHeaders({ method }, { requestId: newIdentifier('req', nowMs) }, body !== undefined, nowMs),
    ...(await kit.credentials(kit.options.signal)),
  };
  const length = body === undefined ? [] : [`content-length: ${Buffer.byteLength(body)}`];
  const head = [
    `${method} ${pathname.replace(/\/$/, '')}/${path} HTTP/1.1`,
    `host: ${host}`,
    'connection: keep-alive',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...length,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body ?? ''}`);
}

/** Below HTTP's surface: what the gateway's connections meet in production. */
export const CONNECTION_CHECKS: readonly Check[] = [
  {
    id: 'connection-idle',
    level: 'should',
    title: 'An idle connection stays open for the seconds that the gateway may use it',
    spec: '§2',
    mend: 'Set the keep-alive time-out of your server to 60 s or more. A socket that closes while the gateway sends leaves an unknown outcome.',
    slow: true,
    run: async (session) => {
      const { idleMs } = session.kit.options.pace;
      await withWire(session, async (wire) => {
        const request = await bytesOf(session, 'GET', `status?paymentId=${session.newOrder()}-unknown`);
        const head = await wire.exchange([request]);
        if (/^connection: *close/im.test(head))
          throw new CheckFailed('the external closes each connection after its answer');
        const openMs = await wire.openFor(idleMs);
        ensure(openMs >= idleMs, `the external closed an idle connection after ${Math.round(openMs)} ms`);
      });
    },
  },
  {
    id: 'connection-quiet',
    level: 'must',
    title: 'Each request is answered once, and nothing comes between the answers',
    spec: '§2',
    mend: 'Send one answer for each request, with a Content-Length that is right: what comes after it would be taken for the next answer.',
    run: async (session) => {
      await paid(session);
      answerOf(await session.pay(session.payBody()));
      await session.sleep(QUIET_MS);
      const { discards } = session;
      ensure(!discards.includes('unasked-data'), 'data came on a connection where no request was open');
      ensure(!discards.includes('early-answer'), 'an answer came before its request was sent whole');
    },
  },
  {
    id: 'connection-pieces',
    level: 'must',
    title: 'A request that arrives in pieces is read whole',
    spec: '§2',
    mend: 'Read the body to its Content-Length before you decode it: networks split requests anywhere, also inside a character.',
    run: async (session) => {
      const body = session.payBody(session.data.accepted, {
        shopTransactionId: `${session.newOrder()}-Größe-日本-🎫`,
      });
      const request = await bytesOf(session, 'POST', 'pay', JSON.stringify(body));
      const pieces = Array.from({ length: Math.ceil(request.length / PIECE_BYTES) }, (_, index) =>
        request.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES),
      );
      const head = await withWire(session, (wire) => wire.exchange(pieces));
      ensure(
        head.startsWith('HTTP/1.1 200'),
        `a payment that arrived in pieces was answered ${head.split('\r\n', 1)[0]}`,
      );
    },
  },
];
