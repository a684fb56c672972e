import type { DynamicModule } from '@nestjs/common';
import { ConfigModule, getConfigToken, registerAs } from '@nestjs/config';
import type { Config } from './config.js';

const NAMESPACE = 'tollgate';

/** The injection token of the configuration: `@Inject(CONFIG) private readonly config: Config`. */
export const CONFIG = getConfigToken(NAMESPACE);

/**
 * Provides `config` in every module, as {@link CONFIG} and by `ConfigService`. `readConfig` reads and validates the
 * environment before, because the logger and the HTTP server need it before Nest starts
 * (docs/adr/0001-dependencies.md).
 */
export function configModule(config: Config): Promise<DynamicModule> {
  return ConfigModule.forRoot({
    isGlobal: true,
    ignoreEnvFile: true,
    skipProcessEnv: true,
    load: [registerAs(NAMESPACE, () => config)],
  });
}
