import {
  type ArgumentMetadata,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  type PipeTransform,
} from '@nestjs/common';
import type { Request } from 'express';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Problem } from '../problems/problem.js';
import { readContract } from '../rules/contract-reader.js';
import type { FieldError } from '../rules/field-error.js';
import { isJsonObject } from '../shared/json.js';
import { readJsonBody } from './json-body.js';
import { readRawBody } from './raw-body.js';
import { contextOf } from './request-context.js';

interface BodyOptions {
  /** An empty body is read as `{}`. */
  readonly optional?: boolean;
}

interface UnreadBody extends BodyOptions {
  readonly request: Request;
}

/** Reads the body and validates it against the DTO class that is the type of the parameter. */
@Injectable()
export class JsonBodyPipe implements PipeTransform<UnreadBody, Promise<object>> {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  async transform({ request, optional }: UnreadBody, { metatype }: ArgumentMetadata): Promise<object> {
    const isEmpty = optional === true && (await readRawBody(request)).length === 0;
    const json = isEmpty ? {} : await readJsonBody(request);
    const result = readContract(metatype as new () => object, json, { unknownFields: 'refuse' });
    const errors = result.ok ? [] : result.errors;
    const insecure = this.config.production ? insecureRedirects(json, errors) : [];
    if (!result.ok || insecure.length > 0) throw violation([...errors, ...insecure]);
    addLogFields(request, result.value);
    return result.value;
  }
}

const UnreadBodyOf = createParamDecorator((options: BodyOptions, context: ExecutionContext): UnreadBody => ({
  request: context.switchToHttp().getRequest<Request>(),
  ...options,
}));

/**
 * The JSON body as an instance of the parameter's DTO class. It stands for Nest's `@Body()`, whose parser would read
 * the body before the guards run: nothing is said about a body until the credentials are checked (SPEC §8).
 */
export const JsonBody = (options: BodyOptions = {}): ParameterDecorator =>
  UnreadBodyOf(options, JsonBodyPipe);

function addLogFields(request: Request, body: object): void {
  const { logFields } = contextOf(request);
  // `null`: an operator resolves a payment whose id is unknown.
  const { paymentId, shopTransactionId } = body as { paymentId?: string | null; shopTransactionId?: string };
  logFields.paymentId ??= paymentId ?? undefined;
  logFields.shopTransactionId = shopTransactionId;
}

function violation(errors: readonly FieldError[]): Problem {
  const [first] = errors;
  const detail = first
    ? `${first.pointer || 'The body'} ${first.detail}.`
    : 'The body violates the contract.';
  return new Problem('validation-failed', detail, { errors });
}

/**
 * In production payers are redirected over TLS only (SPEC §1). A field that already has an error gets no second one.
 */
function insecureRedirects(json: unknown, errors: readonly FieldError[]): FieldError[] {
  if (!isJsonObject(json)) return [];
  return ['successRedirectUrl', 'failureRedirectUrl']
    .filter((name) => typeof json[name] === 'string' && /^http:/i.test(json[name]))
    .map((name) => ({ pointer: `/${name}`, detail: 'must be an https URL' }))
    .filter(({ pointer }) => errors.every((error) => error.pointer !== pointer));
}
