import { Module } from '@nestjs/common';
import { ProvidersModule } from '../providers/providers.module.js';
import { LandingController } from './landing.controller.js';

@Module({ imports: [ProvidersModule], controllers: [LandingController] })
export class LandingModule {}
