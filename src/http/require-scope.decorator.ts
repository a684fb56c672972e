import { Reflector } from '@nestjs/core';
import type { Scope } from '../config/config.js';

/** The scope that a route needs (SPEC §6); the scope guard reads it. */
export const RequireScope = Reflector.createDecorator<Scope>();
