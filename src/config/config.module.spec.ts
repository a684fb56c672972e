import { afterEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { CONFIG, TollgateConfigModule } from './config.module.js';
import type { Config } from './config.js';
import { loadConfig } from './load-config.js';

@Injectable()
class Reader {
  constructor(@Inject(CONFIG) readonly config: Config) {}
}

@Module({ providers: [Reader] })
// oxlint-disable-next-line typescript/no-extraneous-class -- a module of Nest says all in its decorator
class RoomModule {}

describe('TollgateConfigModule', () => {
  const apps: TestingModule[] = [];
  afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

  async function compile(config: Config, ...imports: (typeof RoomModule)[]): Promise<TestingModule> {
    const app = await Test.createTestingModule({
      imports: [TollgateConfigModule.register(config), ...imports],
    }).compile();
    apps.push(app);
    return app;
  }

  it('hands the very configuration to every module, and leaves process.env alone', async () => {
    const before = { ...process.env };
    const config = loadConfig({ HTTP_PORT: '1234', API_KEYS: 'shop:secret' });
    const app = await compile(config, RoomModule);
    expect(app.get(Reader, { strict: false }).config).toBe(config);
    expect({ ...process.env }).toEqual(before);
  });

  it('gives each of two applications in one process its own', async () => {
    const configs = ['1', '2'].map((port) => loadConfig({ HTTP_PORT: port })) as [Config, Config];
    const [first, second] = [await compile(configs[0]), await compile(configs[1])];
    // Both are open at the same time: a configuration kept for the process would be the second one's.
    expect(first.get(CONFIG, { strict: false })).toBe(configs[0]);
    expect(second.get(CONFIG, { strict: false })).toBe(configs[1]);
  });
});
