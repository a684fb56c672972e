import { connect, type Socket } from 'node:net';

/** The port under attack, and when to stop. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** An external of the gateway whose callbacks are forged. */
  readonly external: string;
  /** An external that accepts callbacks from anyone. */
  readonly open: string;
  readonly signal: AbortSignal;
}

type Attack = (target: Target) => void;

const KIB = 1_024;
/** Honest callers come from 127.0.0.1, probes from an address of their own. */
const STRANGERS = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
const PUBLIC_PATHS = [
  '/metrics',
  '/health/ready',
  '/documentation/openapi.json',
  '/documentation',
  '/problems',
  '/problems/not-found',
] as const;

/** Keeps `count` connections open: `begin` is called with each, and with its successor when the gateway closed it. */
function keep(target: Target, count: number, begin: (socket: Socket, index: number) => void): void {
  const open = (index: number): void => {
    if (target.signal.aborted) return;
    const localAddress = STRANGERS[index % STRANGERS.length]!;
    const socket = connect({ port: target.port, host: target.host, localAddress });
    const end = (): void => void socket.destroy();
    target.signal.addEventListener('abort', end, { once: true });
    socket.on('error', () => {});
    socket.on('close', () => {
      target.signal.removeEventListener('abort', end);
      setTimeout(() => open(index), 100 + (index % 10) * 10).unref();
    });
    socket.on('connect', () => begin(socket, index));
  };
  for (let index = 0; index < count; index += 1) setTimeout(() => open(index), index).unref();
}

/** Calls `act` every `ms` until the connection or the attack ends. */
function every(ms: number, socket: Socket, act: () => void): void {
  const timer = setInterval(act, ms);
  socket.once('close', () => clearInterval(timer));
}

function get(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: g\r\n${headers}\r\n`;
}

/** As many copies as 60 KiB have, the most that one read of the gateway sees. */
function pipeline(request: string): Buffer {
  return Buffer.from(request.repeat(Math.floor((60 * KIB) / request.length)));
}

const pipelined = (path: string): Attack => {
  const bytes = pipeline(get(path));
  return (target) =>
    keep(target, 12, (socket) => {
      socket.pause();
      const write = (): void => {
        if (socket.writableLength < bytes.length) socket.write(bytes);
      };
      write();
      every(50, socket, write);
    });
};

const post = (external: string, headers: string): string =>
  `POST /v3/${external}/callback HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n${headers}\r\n`;

/** A callback whose headers are right but for the signature, so that its body is hashed. */
const forgedHeaders = (): string =>
  `webhook-id: m${Math.random()}\r\nwebhook-timestamp: ${Math.floor(Date.now() / 1_000)}\r\nwebhook-signature: v1,${'A'.repeat(43)}=\r\n`.replace(
    '0.',
    '',
  );

const withBody = (body: Buffer): Attack => {
  return (target) =>
    keep(target, 20, (socket) => {
      const send = (): void => {
        if (socket.writableLength > 0) return;
        socket.write(post(target.external, `${forgedHeaders()}Content-Length: ${body.length}\r\n`));
        socket.write(body);
      };
      socket.resume();
      send();
      every(50, socket, send);
    });
};

/** Valid but for their number: parsing one takes milliseconds, and nobody is refused for credentials. */
const costlyCallbacks: Attack = (target) =>
  keep(target, 40, (socket) => {
    const levels = 60 * KIB;
    socket.resume();
    every(20, socket, () => {
      if (socket.writableLength > 0) return;
      const body = `{"paymentId":"p${Math.random()}","x":${'['.repeat(levels)}${']'.repeat(levels)}}`;
      socket.write(`${post(target.open, `Content-Length: ${body.length}\r\n`)}${body}`);
    });
  });

/** Complete bodies, four on each of many connections, that wait to be verified. */
const waitingBodies: Attack = (target) => {
  const body = Buffer.alloc(128 * KIB, 32);
  keep(target, 300, (socket) => {
    socket.resume();
    for (let each = 0; each < 4; each += 1) {
      socket.write(post(target.external, `${forgedHeaders()}Content-Length: ${body.length}\r\n`));
      socket.write(body);
    }
  });
};

/** One request after the other on each connection, answers read. */
const requests = (count: number, ms: number, next: (target: Target) => string): Attack => {
  return (target) =>
    keep(target, count, (socket) => {
      socket.resume();
      every(ms, socket, () => {
        if (socket.writableLength === 0) socket.write(next(target));
      });
    });
};

/** Ways to hurt a gateway that need no credentials. Bounded: one of them takes less than a core of its own. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  ...Object.fromEntries(PUBLIC_PATHS.map((path) => [`pipelines of ${path}`, pipelined(path)])),
  'pipelines of payments without a key': (target) =>
    pipelined(`/v3/${target.external}/status?paymentId=p`)(target),
  'slow headers': (target) =>
    keep(target, 400, (socket) => {
      socket.write(`GET /metrics HTTP/1.1\r\nHost: g\r\nX-A: ${'a'.repeat(15 * KIB)}`);
      every(1_000, socket, () => socket.write('b'));
    }),
  'slow bodies': (target) =>
    keep(target, 400, (socket) => {
      socket.write(post(target.external, `Content-Length: ${128 * KIB}\r\n`));
      socket.write(Buffer.alloc(127 * KIB, 32));
      every(1_000, socket, () => socket.write(' '));
    }),
  'answers that nobody reads': (target) =>
    keep(target, 200, (socket) => socket.pause().write(get('/documentation/openapi.json').repeat(8))),
  'half-open connections': (target) =>
    keep(target, 200, (socket, index) => {
      if (index % 2 === 0) socket.end('GET /metrics HTTP/1.1\r\n');
      else socket.end(get('/metrics').repeat(8));
    }),
  'resets in the middle of requests': (target) =>
    keep(target, 100, (socket) => {
      socket.write(get('/metrics').repeat(8), () => socket.resetAndDestroy());
    }),
  'more connections than descriptors': (target) => keep(target, 2_000, (socket) => socket.write('G')),
  'headers of 40 KiB': requests(20, 20, () => get('/metrics', `X-A: ${'a'.repeat(40 * KIB)}\r\n`)),
  'chunk extensions': requests(
    20,
    20,
    ({ external }) => `${post(external, 'Transfer-Encoding: chunked\r\n')}1;${'e'.repeat(20 * KIB)}\r\nx\r\n`,
  ),
  'chunks of one byte': requests(
    10,
    100,
    ({ external }) =>
      `${post(external, 'Transfer-Encoding: chunked\r\n')}${'1\r\nx\r\n'.repeat(10_000)}0\r\n\r\n`,
  ),
  'Upgrade, Expect and CONNECT': requests(30, 20, ({ external }) => {
    const kind = Math.floor(Math.random() * 3);
    if (kind === 0) return get('/metrics', 'Connection: Upgrade\r\nUpgrade: websocket\r\n');
    if (kind === 1) return post(external, 'Expect: 100-continue\r\nContent-Length: 10\r\n');
    return 'CONNECT a:443 HTTP/1.1\r\nHost: g\r\n\r\n';
  }),
  'other methods': requests(30, 10, ({ external }) => {
    const method = ['HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'PUT'][Math.floor(Math.random() * 5)]!;
    return `${method} /v3/${external}/pay HTTP/1.1\r\nHost: g\r\n\r\n`;
  }),
  'TLS handshakes that stall': (target) =>
    keep(target, 200, (socket) => socket.write(Buffer.from('16030100c8010000c40303', 'hex'))),
  'deep JSON': withBody(Buffer.alloc(128 * KIB, '[')),
  'invalid UTF-8': withBody(Buffer.alloc(128 * KIB, 0xff)),
  'forged callbacks': withBody(Buffer.alloc(128 * KIB, 32)),
  'costly callbacks': costlyCallbacks,
  'bodies that wait to be verified': waitingBodies,
  'guesses of keys': requests(30, 10, ({ external }) =>
    get(`/v3/${external}/status?paymentId=p`, `Authorization: Bearer guess-${Math.random()}\r\n`),
  ),
};

/** What the mixed attack is made of: one of each kind, so that it leaves the machine time for honest callers. */
export const MIXED = [
  'pipelines of /metrics',
  'pipelines of /documentation/openapi.json',
  'slow headers',
  'slow bodies',
  'answers that nobody reads',
  'resets in the middle of requests',
  'TLS handshakes that stall',
  'forged callbacks',
  'costly callbacks',
  'guesses of keys',
] as const;
