import { Module } from '@nestjs/common';
import { ApiDocument } from './api-document.js';
import { DocumentationController } from './documentation.controller.js';

@Module({ controllers: [DocumentationController], providers: [ApiDocument] })
export class DocumentationModule {}
