import { Violation } from '../rules/rule.js';

/** Of libpq's, those of a server that can be written to; `any` takes the first host that answers. */
const SESSION_ATTRIBUTES = ['any', 'read-write', 'primary'] as const;
export type SessionAttributes = (typeof SESSION_ATTRIBUTES)[number];

export interface PostgresUrl {
  /** One URL for each host, in their order; that of a single host is the given one. */
  readonly urls: readonly string[];
  /** `host:port` of each. */
  readonly names: readonly string[];
  /** What a session must be. Of several hosts one alone is the primary, so that `read-write` is the default. */
  readonly attributes: SessionAttributes;
}

/** As libpq names them; `pg` takes any other text for `verify-full`. */
const SSL_MODES = ['disable', 'no-verify', 'prefer', 'require', 'verify-ca', 'verify-full'];
const DEFAULT_PORT = '5432';

/**
 * A URL of PostgreSQL, `postgres://user@one:5432,two:5433/database?target_session_attrs=read-write`. As in libpq, `host`
 * and `port` of the query have precedence, and one port counts for all hosts.
 * Source: PostgreSQL, "Connection Strings" and "Specifying Multiple Hosts" (libpq-connect).
 */
export function readPostgresUrl(url: string): PostgresUrl | Violation {
  const parts =
    /^(?<scheme>postgres(?:ql)?:\/\/)(?<authority>[^/?#]*)(?<path>[^?]*)(?:\?(?<query>.*))?$/s.exec(url);
  if (!parts) return new Violation();
  const { scheme, authority, path, query } = parts.groups as Record<string, string>;
  const parameters = new URLSearchParams(query);
  const reason = refusedParameter(parameters);
  if (reason !== undefined) return new Violation(reason);

  const at = authority!.lastIndexOf('@') + 1;
  const places = authority!.slice(at).split(',').map(placeOf);
  const hosts = parameters.get('host')?.split(',') ?? places.map(({ host }) => host);
  const ports = parameters.get('port')?.split(',') ?? places.map(({ port }) => port);
  if (ports.some((port) => !isPort(port))) return new Violation();
  if (ports.length !== 1 && ports.length !== hosts.length)
    return new Violation(`it names ${ports.length} ports for ${hosts.length} hosts`);
  if (hosts.length > 1 && hosts.includes('')) return new Violation('one of its hosts has no name');

  const attributes = (parameters.get('target_session_attrs') ??
    (hosts.length > 1 ? 'read-write' : 'any')) as SessionAttributes;
  const portOf = (index: number): string => ports[ports.length === 1 ? 0 : index] || DEFAULT_PORT;
  const urls = hosts.map((host, index) => {
    if (hosts.length === 1) return url;
    parameters.set('host', host);
    parameters.set('port', portOf(index));
    return `${scheme}${authority!.slice(0, at)}${path || '/'}?${parameters.toString()}`;
  });
  if (!urls.every(isUrl)) return new Violation();
  return { urls, names: hosts.map((host, index) => `${host}:${portOf(index)}`), attributes };
}

/** The reason why a parameter is refused: with a value that does not count, a session would be another one than meant. */
function refusedParameter(parameters: URLSearchParams): string | undefined {
  const allowed = {
    sslmode: SSL_MODES,
    target_session_attrs: SESSION_ATTRIBUTES,
    load_balance_hosts: ['disable'],
  };
  for (const [name, values] of Object.entries(allowed)) {
    const value = parameters.get(name);
    if (value !== null && !(values as readonly string[]).includes(value))
      return `${name} is ${values.length > 1 ? 'one of ' : ''}${values.join(', ')}`;
  }
  return undefined;
}

/** `host:port`, with an IPv6 address in brackets, a percent-encoded socket, or either part left out. */
function placeOf(text: string): { host: string; port: string } {
  const { host, port = '' } = /^(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>.*))?$/s.exec(text)!.groups!;
  return { host: decode(host!.replace(/^\[(.*)\]$/, '$1')), port };
}

function decode(host: string): string {
  try {
    return decodeURIComponent(host);
  } catch {
    return host;
  }
}

function isPort(text: string): boolean {
  return text === '' || (/^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) <= 65_535);
}

/** A socket's URL has no host after the user: `postgres://user@/database?host=/var/run/postgresql`. */
function isUrl(url: string): boolean {
  return URL.canParse(url) || URL.canParse(url.replace('@/', '@socket/'));
}
