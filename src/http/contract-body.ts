import {
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import type { Request } from 'express';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { readContract } from '../rules/contract-reader.js';
import type { FieldError } from '../rules/field-error.js';
import { isJsonObject } from '../shared/json.js';
import { readJsonBody } from './json-body.js';
import { Problem } from '../problems/problem.js';
import { readBody } from './raw-body.js';
import { contextOf } from './request-context.js';

/** Nest's pipes know no argument's DTO class but its own metadata, so each body parameter carries it here. */
interface BodySource extends BodyOptions {
  readonly request: Request;
  readonly type: Type<object>;
}

interface BodyOptions {
  /** No body at all is read as `{}`. */
  readonly optional?: boolean;
}

const BodySourceOf = createParamDecorator(
  (source: Omit<BodySource, 'request'>, context: ExecutionContext): BodySource => ({
    request: context.switchToHttp().getRequest<Request>(),
    ...source,
  }),
);

/**
 * Reads the body, after the guards have let the request in (nobody is told about a body before his credentials are
 * right), and holds it against its DTO.
 */
@Injectable()
export class ContractBodyPipe implements PipeTransform<BodySource, Promise<object>> {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  async transform({ request, type, optional }: BodySource): Promise<object> {
    const isLeftOut = optional === true && (await readBody(request)).length === 0;
    const json = isLeftOut ? {} : await readJsonBody(request);
    const result = readContract(type, json, { unknownFields: 'refuse' });
    const errors = result.ok ? [] : result.errors;
    const insecure = this.config.production ? insecureRedirects(json, errors) : [];
    if (!result.ok || insecure.length > 0) throw breach([...errors, ...insecure]);
    tell(request, result.value);
    return result.value;
  }
}

/** A parameter that takes the JSON body as an instance of `type`. */
export const ContractBody = (type: Type<object>, options: BodyOptions = {}): ParameterDecorator =>
  BodySourceOf({ type, ...options }, ContractBodyPipe);

/** For the request's log line: what a person asks for who misses a payment. */
function tell(request: Request, body: object): void {
  const { logFields } = contextOf(request);
  const { paymentId, shopTransactionId } = body as { paymentId?: string; shopTransactionId?: string };
  logFields.paymentId ??= paymentId;
  logFields.shopTransactionId = shopTransactionId;
}

function breach(errors: readonly FieldError[]): Problem {
  const [first] = errors;
  const detail = first ? `${first.pointer || 'The body'} ${first.detail}.` : 'The body breaks the contract.';
  return new Problem('validation-failed', detail, { errors });
}

/** In production payers are sent over TLS only (SPEC §1). Of what is refused already, nothing more is said. */
function insecureRedirects(json: unknown, refused: readonly FieldError[]): FieldError[] {
  if (!isJsonObject(json)) return [];
  return ['successRedirectUrl', 'failureRedirectUrl']
    .filter((name) => typeof json[name] === 'string' && /^http:/i.test(json[name]))
    .map((name) => ({ pointer: `/${name}`, detail: 'must be an https URL' }))
    .filter(({ pointer }) => refused.every((error) => error.pointer !== pointer));
}
