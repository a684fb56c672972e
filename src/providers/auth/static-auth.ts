import type { OutboundAuthConfig } from '../../config/external-config.js';
import type { AuthHeaders, OutboundAuth } from './outbound-auth.js';

type StaticAuthConfig = Extract<OutboundAuthConfig, { type: 'none' | 'bearer' | 'basic' | 'header' }>;

/** The same header on every request. A 401 is final. */
export class StaticAuth implements OutboundAuth {
  readonly #secrets: readonly string[];

  constructor(private readonly config: StaticAuthConfig) {
    this.#secrets = secretsOf(config);
  }

  headers(): AuthHeaders {
    const { config } = this;
    switch (config.type) {
      case 'none':
        return {};
      case 'bearer':
        return { authorization: `Bearer ${config.token.reveal()}` };
      case 'basic':
        return { authorization: basicAuthorization(config.username, config.password.reveal()) };
      case 'header':
        return { [config.name.toLowerCase()]: config.value.reveal() };
      default:
        return config satisfies never;
    }
  }

  secrets(): readonly string[] {
    return this.#secrets;
  }

  invalidate(): boolean {
    return false;
  }

  tls(): undefined {
    return undefined;
  }

  onChange(): void {}

  close(): void {}
}

function secretsOf(config: StaticAuthConfig): readonly string[] {
  switch (config.type) {
    case 'none':
      return [];
    case 'bearer':
      return [config.token.reveal()];
    case 'basic':
      return basicSecrets(config.username, config.password.reveal());
    case 'header':
      return [config.value.reveal()];
    default:
      return config satisfies never;
  }
}

/** The password, and what is sent: alone, the user's name is no secret. */
export function basicSecrets(username: string, password: string): readonly string[] {
  const pair = `${username}:${password}`;
  return [password, pair, Buffer.from(pair).toString('base64')];
}

/** RFC 7617, in UTF-8. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
