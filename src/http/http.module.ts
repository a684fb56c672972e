import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Admission } from './admission.js';
import { ApiDocument } from './openapi/api-document.js';
import { DocumentationController } from './openapi/documentation.controller.js';
import { ProblemPagesController } from './problem-pages.controller.js';
import { ProblemFilter } from './problem.filter.js';
import { PublicListener } from './public-listener.js';
import { ShutdownState } from './shutdown-state.js';

@Module({
  controllers: [DocumentationController, ProblemPagesController],
  providers: [
    Admission,
    ApiDocument,
    PublicListener,
    ShutdownState,
    { provide: APP_FILTER, useClass: ProblemFilter },
  ],
  exports: [Admission, ShutdownState],
})
export class HttpModule {}
