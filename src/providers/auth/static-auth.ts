import type { OutboundAuthConfig } from '../../config/external-config.js';
import type { AuthHeaders, OutboundAuth } from './outbound-auth.js';

type StaticAuthConfig = Extract<OutboundAuthConfig, { type: 'none' | 'bearer' | 'basic' | 'header' }>;

/** The same header on every request. A 401 is final. */
export class StaticAuth implements OutboundAuth {
  constructor(private readonly config: StaticAuthConfig) {}

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

  invalidate(): boolean {
    return false;
  }

  tls(): undefined {
    return undefined;
  }

  onChange(): void {}

  close(): void {}
}

/** RFC 7617, in UTF-8. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
