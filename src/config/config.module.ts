import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule, getConfigToken, registerAs } from '@nestjs/config';
import type { Config } from './config.js';

const NAMESPACE = 'tollgate';

/** The injection token of the configuration: `@Inject(CONFIG) private readonly config: Config`. */
export const CONFIG = getConfigToken(NAMESPACE);

/**
 * Hands the configuration to whoever asks for {@link CONFIG}, in every module. It is what
 * `@nestjs/config` calls a namespaced configuration; environment and `.env` files are left to `loadConfig` and to
 * `node --env-file`, which ran before.
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
