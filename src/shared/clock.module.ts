import { type DynamicModule, Module } from '@nestjs/common';
import { Clock } from './clock.js';

/** The one clock, for every module. */
@Module({})
// oxlint-disable-next-line typescript/no-extraneous-class -- a dynamic module of Nest is a class with a static method
export class ClockModule {
  static register(clock: Clock): DynamicModule {
    return {
      module: ClockModule,
      global: true,
      providers: [{ provide: Clock, useValue: clock }],
      exports: [Clock],
    };
  }
}
