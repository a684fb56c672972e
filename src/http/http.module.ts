import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DocumentationModule } from './openapi/documentation.module.js';
import { ProblemPagesController } from './problem-pages.controller.js';
import { ProblemFilter } from './problem.filter.js';
import { ShutdownState } from './shutdown-state.js';

@Module({
  imports: [DocumentationModule],
  controllers: [ProblemPagesController],
  providers: [ShutdownState, { provide: APP_FILTER, useClass: ProblemFilter }],
  exports: [ShutdownState],
})
export class HttpModule {}
