import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
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
  it('hands the very configuration to every module, and leaves process.env alone', async () => {
    const before = { ...process.env };
    const config = loadConfig({ HTTP_PORT: '1234', API_KEYS: 'shop:secret' });
    const app = await Test.createTestingModule({
      imports: [TollgateConfigModule.register(config), RoomModule],
    }).compile();
    expect(app.get(Reader, { strict: false }).config).toBe(config);
    expect({ ...process.env }).toEqual(before);
    await app.close();
  });

  it('gives each of two applications in one process its own', async () => {
    const configs = ['1', '2'].map((port) => loadConfig({ HTTP_PORT: port }));
    for (const config of configs) {
      const app = await Test.createTestingModule({
        imports: [TollgateConfigModule.register(config)],
      }).compile();
      expect(app.get(CONFIG, { strict: false })).toBe(config);
    }
  });
});
