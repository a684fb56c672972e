import type { buildConnector } from 'undici';
import type { AddressGuard } from './address-guard.js';

/** The client certificate and the trusted authorities, as PEM. Without `ca`, the runtime's own roots are trusted. */
export interface ClientTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
}

export interface ConnectorOptions {
  readonly guard: AddressGuard;
  readonly connectTimeoutMs: number;
  /** Called for each connection, as the certificate may be renewed; returns another object after each change. */
  readonly tls?: () => ClientTls | undefined;
}

/** Connects through the address guard, with the present client certificate, within `connectTimeoutMs`. */
export function connector({ guard, connectTimeoutMs, tls }: ConnectorOptions): buildConnector.connector {
  let current: ClientTls | undefined;
  let dial: buildConnector.connector | undefined;
  return (target, callback) => {
    const next = tls?.();
    if (!dial || next !== current) {
      current = next;
      // undici's own limit is coarse (half a second and more), but it destroys the socket too.
      dial = guard.connector({ ...next, allowH2: false, timeout: connectTimeoutMs });
    }
    dialWithin(connectTimeoutMs, dial)(target, callback);
  };
}

function dialWithin(limitMs: number, dial: buildConnector.connector): buildConnector.connector {
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
      else callback(null, socket);
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
