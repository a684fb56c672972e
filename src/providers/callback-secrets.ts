import type { CallbackAuthConfig } from '../config/external-config.js';
import { basicSecrets } from './auth/static-auth.js';

/** What the external sends with its callbacks. */
export function callbackSecrets(auth: CallbackAuthConfig): readonly string[] {
  switch (auth.type) {
    case 'none':
      return [];
    case 'bearer':
      return [auth.token.reveal()];
    case 'basic':
      return basicSecrets(auth.username, auth.password.reveal());
    case 'standard-webhooks':
      return auth.secrets.map((secret) => secret.reveal().replace(/^whsec_/, ''));
    default:
      return auth satisfies never;
  }
}
