import { Module } from '@nestjs/common';
import { ConsoleController } from './console.controller.js';

/** Serves the web application of the workspace `console/` (SPEC §9). It uses `/admin` like any other client. */
@Module({ controllers: [ConsoleController] })
export class ConsoleModule {}
