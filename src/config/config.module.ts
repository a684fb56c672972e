import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule, getConfigToken, registerAs } from '@nestjs/config';
import type { Config } from './config.js';

const NAMESPACE = 'tollgate';

/** The injection token of the configuration: `@Inject(CONFIG) private readonly config: Config`. */
export const CONFIG = getConfigToken(NAMESPACE);

/**
 * Provides the configuration as {@link CONFIG} in every module: a namespaced configuration of `@nestjs/config`. The
 * environment is read before, by `loadConfig`, and `.env` files by `node --env-file`.
 */
@Module({})
// oxlint-disable-next-line typescript/no-extraneous-class -- a dynamic module of Nest is a class with a static method
export class TollgateConfigModule {
  static register(config: Config): DynamicModule {
    return {
      module: TollgateConfigModule,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          validatePredefined: false,
          skipProcessEnv: true,
          load: [registerAs(NAMESPACE, () => config)],
        }),
      ],
    };
  }
}
