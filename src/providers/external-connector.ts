import type { buildConnector } from 'undici';
import type { AddressGuard } from '../security/address-guard.js';
import type { OutboundAuth } from './auth/outbound-auth.js';
import { passOverContinue } from './continue-answer.js';

const LONGEST_CONNECT_MS = 5_000;

/**
 * Dials one external: through the address guard, with its client certificate where it has one (asked for at each connection,
 * for it may be renewed), and within half of the operation's time-out, 5 s at most, so that a second attempt
 * to connect still fits in.
 */
export function externalConnector(
  guard: AddressGuard,
  auth: Pick<OutboundAuth, 'tls'>,
  timeoutMs: number,
): buildConnector.connector {
  const connectTimeoutMs = Math.min(LONGEST_CONNECT_MS, Math.max(1, Math.floor(timeoutMs / 2)));
  let tls: ReturnType<OutboundAuth['tls']>;
  let dial: buildConnector.connector | undefined;
  return (target, callback) => {
    const current = auth.tls();
    if (!dial || current !== tls) {
      tls = current;
      // undici's own limit is coarse (half a second and more), but takes the socket with it.
      dial = guard.connector({ ...tls, allowH2: false, timeout: connectTimeoutMs });
    }
    withinMs(connectTimeoutMs, dial)(target, callback);
  };
}

function withinMs(limitMs: number, dial: buildConnector.connector): buildConnector.connector {
  return (target, callback) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      callback(new ConnectTimedOut(limitMs), null);
    }, limitMs);
    dial(target, (...[error, socket]) => {
      if (late) {
        socket?.on('error', () => {}).destroy();
        return;
      }
      clearTimeout(timer);
      if (error) callback(error, null);
      else callback(null, passOverContinue(socket));
    });
  };
}

class ConnectTimedOut extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(limitMs: number) {
    super(`Not connected within ${limitMs} ms`);
    this.name = 'ConnectTimedOut';
  }
}
