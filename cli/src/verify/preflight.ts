import { once } from 'node:events';
import { connect } from 'node:net';
import { ExchangeBroken, headerOf, type OutboundAnswer } from '../../../src/outbound/exchange.js';
import { CommandError, EXIT } from '../exit-codes.js';
import { isNotSupported } from './expect.js';
import type { Kit } from './kit.js';
import { Session } from './session.js';

const TLS_CODE = /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)|EPROTO/;

/**
 * Makes sure that an external answers at the URL at all: what fails here would fail in every check.
 * @throws CommandError with exit code `unreachable`
 */
export async function requireExternal(kit: Kit): Promise<void> {
  const session = new Session(kit);
  const { baseUrl, timeoutMs } = kit.options.external;
  const refuse = (what: string): never => {
    throw new CommandError(`${baseUrl} ${what}`, EXIT.unreachable);
  };
  try {
    const first = await statusReply(session);
    // Repeated once, as every check.
    const { end } =
      (first.exchanged?.end instanceof ExchangeBroken ? await statusReply(session) : first).exchanged ?? {};
    if (!end)
      return refuse('was not called: the gateway has no credentials for it. See the entry of --config');
    if (end instanceof ExchangeBroken) {
      const acceptsAfterAll = end.code === 'ETIMEDOUT' && (await accepts(baseUrl, timeoutMs));
      return refuse(acceptsAfterAll ? silentText(baseUrl, timeoutMs) : brokenText(end, timeoutMs));
    }
    const { status } = end;
    if (status >= 300 && status < 400)
      return refuse(
        `redirects (${status}) to ${headerOf(end, 'location') ?? 'nowhere'}: give the URL itself, as the gateway follows no redirects`,
      );
    if (status === 401 || status === 403 || status === 407)
      return refuse(
        `refused the credentials (${status}): configure "auth" in the externals file, and give it by --config`,
      );
    if (!isHtml(end)) return;
    if (status < 400)
      return refuse(`answers HTML (${status}): it is a page, and not the base URL of an external`);
    const pay = await session.pay(session.payBody());
    if (isNotSupported(pay.outcome))
      refuse(
        `answers HTML (${status}) to /status and does not know /pay: it is not the base URL of an external`,
      );
  } finally {
    await session.close();
  }
}

function statusReply(session: Session): ReturnType<Session['status']> {
  return session.status({ paymentId: `${session.newOrder()}-unknown` });
}

/** Whether a connection can be made, without TLS and HTTP: tells a server that hangs from an address that is dead. */
async function accepts(baseUrl: string, timeoutMs: number): Promise<boolean> {
  const { hostname, port, protocol } = new URL(baseUrl);
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function silentText(baseUrl: string, timeoutMs: number): string {
  const what = baseUrl.startsWith('https:') ? 'did not finish the TLS handshake' : 'did not answer';
  return `accepted the connection, and ${what} within ${timeoutMs / 1_000} s`;
}

function brokenText({ reason, code, cause }: ExchangeBroken, timeoutMs: number): string {
  const named = code === undefined ? '' : ` (${code})`;
  if (reason === 'aborted' || reason === 'deadline')
    return `accepted the connection, and did not answer within ${timeoutMs / 1_000} s`;
  if (reason === 'not-http') return 'does not speak HTTP/1.1';
  if (reason === 'too-large') return 'answers more than 1 MiB';
  if (reason === 'cut') return `closed the connection without an answer${named}`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `has a host name that does not resolve${named}`;
  if (code === 'ECONNREFUSED') return `has no listener${named}`;
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return `does not speak TLS${named}: try http`;
  if (code !== undefined && TLS_CODE.test(code))
    return `has a certificate that is not trusted${named}: ${messageOf(cause)}.${tlsRemedy(code)}`;
  if (code === 'ETIMEDOUT') return `could not be connected to within ${timeoutMs / 1_000} s${named}`;
  return `could not be connected to${named}`;
}

function tlsRemedy(code: string): string {
  if (code === 'CERT_HAS_EXPIRED') return ' Renew it on the server';
  if (code.includes('ALTNAME')) return ' Use the name that the certificate is for';
  return ' For a private authority, or a certificate that signs itself, set NODE_EXTRA_CA_CERTS to its PEM file';
}

function messageOf(error: unknown): string {
  const [line = ''] = error instanceof Error ? error.message.split('\n', 1) : [];
  return line.includes(':error:') ? 'the TLS handshake failed' : line;
}

function isHtml({ headers, body }: OutboundAnswer): boolean {
  return (
    String(headers['content-type']).includes('html') ||
    /^\s*<(?:!doctype|html)/i.test(body.toString('latin1', 0, 200))
  );
}
