import type { OutboundAuthConfig } from '../../config/external-config.js';
import { ClientCertificateAuth } from './client-certificate-auth.js';
import { ClientCredentialsAuth } from './client-credentials-auth.js';
import type { OutboundAuth, OutboundAuthDependencies } from './outbound-auth.js';
import { StaticAuth } from './static-auth.js';

/** @throws ConfigError if the files of a client certificate cannot be read or do not match */
export function createOutboundAuth(
  config: OutboundAuthConfig,
  dependencies: OutboundAuthDependencies,
): OutboundAuth {
  switch (config.type) {
    case 'none':
    case 'bearer':
    case 'basic':
    case 'header':
      return new StaticAuth(config);
    case 'oauth2-client-credentials':
      return new ClientCredentialsAuth(config, dependencies);
    case 'mtls':
      return new ClientCertificateAuth(config, dependencies);
    default:
      return config satisfies never;
  }
}
