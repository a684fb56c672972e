import { describe, expect, it } from '@jest/globals';
import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { CONFIG } from '../config/config.module.js';
import { PersistenceModule } from './persistence.module.js';
import { StorageUnavailable, Store } from './store.js';

@Global()
@Module({
  providers: [{ provide: CONFIG, useValue: { database: { kind: 'sqlite', path: ':memory:' } } }],
  exports: [CONFIG],
})
class MemoryConfigModule {}

describe('PersistenceModule', () => {
  it('opens the store before the application starts and closes it when it shuts down', async () => {
    const testing = await Test.createTestingModule({
      imports: [MemoryConfigModule, PersistenceModule.register()],
    }).compile();
    const store = testing.get(Store);
    await expect(store.ping()).resolves.toBeUndefined();
    await testing.close();
    await expect(store.ping()).rejects.toThrow(StorageUnavailable);
  });
});
