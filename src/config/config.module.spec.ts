import { afterEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Test, type TestingModule } from '@nestjs/testing';
import { CONFIG, configModule } from './config.module.js';
import type { Config } from './config.js';
import { loadConfig } from './load-config.js';

@Injectable()
class Reader {
  constructor(@Inject(CONFIG) readonly config: Config) {}
}

@Module({ providers: [Reader] })
// oxlint-disable-next-line typescript/no-extraneous-class -- a Nest module has only its decorator
class ReaderModule {}

describe('configModule', () => {
  const apps: TestingModule[] = [];
  afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

  async function compile(config: Config, ...imports: (typeof ReaderModule)[]): Promise<TestingModule> {
    const app = await Test.createTestingModule({
      imports: [configModule(config), ...imports],
    }).compile();
    apps.push(app);
    return app;
  }

  it('provides the same object in every module, and does not change process.env', async () => {
    const before = { ...process.env };
    const config = loadConfig({ HTTP_PORT: '1234', API_KEYS: 'shop:secret' });
    const app = await compile(config, ReaderModule);
    expect(app.get(Reader, { strict: false }).config).toBe(config);
    expect(app.get(ConfigService, { strict: false }).get('tollgate.http.port')).toBe(1_234);
    expect({ ...process.env }).toEqual(before);
  });

  it('provides each of two applications in one process with its own configuration', async () => {
    const configs = ['1', '2'].map((port) => loadConfig({ HTTP_PORT: port })) as [Config, Config];
    const [first, second] = [await compile(configs[0]), await compile(configs[1])];
    // Both are open at the same time: a configuration kept for the process would be the second one's.
    expect(first.get(CONFIG, { strict: false })).toBe(configs[0]);
    expect(second.get(CONFIG, { strict: false })).toBe(configs[1]);
  });
});
