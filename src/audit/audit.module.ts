import { Global, Module } from '@nestjs/common';
import { AuditLog } from './audit.log.js';

/** The record of operators' acts. Its list is in the module of `/admin`. */
@Global()
@Module({ providers: [AuditLog], exports: [AuditLog] })
export class AuditModule {}
