import type { ExternalConfig } from '../config/external-config.js';
import { parseExternals } from '../config/externals-file.js';

/** The bundled simulator as an external of the name `simulator`, with the defaults of the externals file (SPEC §6). */
export function simulatorExternal(baseUrl: string): ExternalConfig {
  const file = {
    externalServices: [
      {
        externalService: 'simulator',
        baseUrl,
        honoursIdempotencyKey: true,
        statusByShopTransactionId: true,
      },
    ],
  };
  return parseExternals(JSON.stringify(file), { enabled: undefined, env: {}, readFile: () => '' })[0]!;
}
