import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { AddressRefused, type AddressGuard } from '../../../src/outbound/address-guard.js';
import { codeOf } from '../../../src/outbound/exchange.js';
import type { ClientTls } from '../../../src/outbound/connector.js';
import { expiryLevel, type Finding, inDays } from './finding.js';

export interface ConnectionProbe {
  readonly guard: AddressGuard;
  readonly nowMs: number;
  readonly timeoutMs: number;
  /** A client certificate, and the authorities that are trusted. */
  readonly tls?: ClientTls | undefined;
}

/**
 * Connects to the host of `url` and sends nothing: name, address, port, and the certificates of https.
 * @returns nothing where all is right
 */
export async function probeConnection(
  subject: string,
  url: string,
  probe: ConnectionProbe,
): Promise<readonly Finding[]> {
  const { protocol, hostname, port } = new URL(url);
  const isTls = protocol === 'https:';
  const target = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (isTls ? 443 : 80) };
  const wrong = (problem: string, remedy: string): readonly Finding[] => [
    { level: 'wrong', subject, problem, remedy },
  ];
  try {
    const refused = probe.guard.checkHost(hostname);
    if (refused) throw refused;
    if (isIP(target.host) === 0) await lookup(target.host);
    const socket = await connected(target, isTls, probe);
    const findings = isTls ? certificateFindings(subject, target.host, socket as TLSSocket, probe.nowMs) : [];
    // The certificates are gone with the socket.
    socket.destroy();
    return findings;
  } catch (error) {
    const place = `${target.host}:${target.port}`;
    if (error instanceof AddressRefused)
      return wrong(
        error.message,
        'Use another address. Private and loopback addresses are allowed with BLOCK_PRIVATE_ADDRESSES=false, the others never.',
      );
    const code = codeOf(error) ?? (error as Error).message;
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
      return wrong(
        `the name ${target.host} cannot be resolved (${code})`,
        'Correct the host in the URL, or its DNS entry.',
      );
    if (code === 'ECONNREFUSED')
      return wrong(`nothing listens at ${place}`, 'Start the service, or correct host and port in the URL.');
    if (code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH')
      return wrong(
        `${place} cannot be reached (${code})`,
        'Check routes and firewalls between here and there.',
      );
    return wrong(
      `the connection to ${place} failed (${code})`,
      isTls
        ? 'Check that the port serves TLS, and accepts the client certificate if there is one.'
        : 'Check the service.',
    );
  }
}

function connected(
  target: { readonly host: string; readonly port: number },
  isTls: boolean,
  { guard, timeoutMs, tls }: ConnectionProbe,
): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = isTls
    ? // The findings say what is wrong with a certificate.
      connectTls({
        ...target,
        ...tls,
        lookup: guard.lookup,
        rejectUnauthorized: false,
        ...(isIP(target.host) === 0 && { servername: target.host }),
      })
    : connectTcp({ ...target, lookup: guard.lookup });
  socket.setTimeout(timeoutMs, () =>
    socket.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })),
  );
  socket.once(isTls ? 'secureConnect' : 'connect', () => resolve(socket)).once('error', reject);
  return promise;
}

/** Of the certificates that the server sent. */
function certificateFindings(
  subject: string,
  host: string,
  socket: TLSSocket,
  nowMs: number,
): readonly Finding[] {
  const chain = chainOf(socket.getPeerCertificate(true));
  for (const certificate of chain) {
    const endsAtMs = Date.parse(certificate.valid_to);
    const level = expiryLevel(endsAtMs, nowMs);
    if (level === undefined) continue;
    const name = String(certificate.subject.CN ?? certificate.subject.O);
    const ends = level === 'wrong' ? 'has expired' : 'expires';
    return [
      {
        level,
        subject,
        problem: `the certificate ${name} of ${host} ${ends} (${inDays(endsAtMs, nowMs)})`,
        remedy: 'Renew the certificate on the server.',
      },
    ];
  }
  if (socket.authorized) return [];
  const reason = String(socket.authorizationError);
  return [
    {
      level: 'wrong',
      subject,
      problem: `the certificate of ${host} is not trusted (${reason})`,
      remedy: reason.includes('ALTNAME')
        ? 'Use the name that the certificate is for, or a certificate for this name.'
        : remedyForTrust(reason),
    },
  ];
}

/** By the code of OpenSSL. */
function remedyForTrust(reason: string): string {
  const trusted = 'set NODE_EXTRA_CA_CERTS, for the gateway too, to a PEM file with';
  if (reason.startsWith('DEPTH_ZERO_SELF_SIGNED'))
    return `The certificate signs itself. Use one of a trusted authority, or ${trusted} this certificate (or caFile, with auth mtls).`;
  if (reason.startsWith('SELF_SIGNED'))
    return `Its authority is a private one: ${trusted} the authority (or caFile, with auth mtls).`;
  return `Let the server send its whole chain. If the authority is a private one, ${trusted} it (or caFile, with auth mtls).`;
}

function chainOf(leaf: DetailedPeerCertificate): readonly DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  // The last one is its own issuer, or has none where the chain is incomplete.
  for (
    let next: DetailedPeerCertificate | undefined = leaf;
    next?.valid_to !== undefined && !chain.includes(next);
    next = next.issuerCertificate
  )
    chain.push(next);
  return chain;
}
