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
import { readContract } from '../contract/contract-reader.js';
import type { FieldError } from '../contract/field-error.js';
import { readJsonBody } from './json-body.js';
import { Problem } from './problem.js';
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
    const body = isLeftOut ? {} : await readJsonBody(request);
    const result = readContract(type, body, { unknownFields: 'refuse' });
    const errors = result.ok && this.config.production ? insecureRedirects(result.value) : [];
    if (!result.ok) throw breach(result.errors);
    if (errors.length > 0) throw breach(errors);
    tell(request, result.value);
    return result.value;
  }
}

/** A parameter that takes the JSON body as an instance of `type`. */
export const ContractBody = (type: Type<object>, options: BodyOptions = {}): ParameterDecorator =>
  BodySourceOf({ type, ...options }, ContractBodyPipe);

/** For the request's log line: what a person asks for who misses a payment. */
function tell(request: Request, body: object): void {
  const { told } = contextOf(request);
  const { paymentId, shopTransactionId } = body as { paymentId?: string; shopTransactionId?: string };
  told.paymentId ??= paymentId;
  told.shopTransactionId = shopTransactionId;
}

function breach(errors: readonly FieldError[]): Problem {
  const [first] = errors;
  const detail = first ? `${first.pointer || 'The body'} ${first.detail}.` : 'The body breaks the contract.';
  return new Problem('validation-failed', detail, { errors });
}

/** In production payers are sent over TLS only (SPEC §1). */
function insecureRedirects(body: object): FieldError[] {
  return ['successRedirectUrl', 'failureRedirectUrl']
    .filter((name) => {
      const url: unknown = (body as Record<string, unknown>)[name];
      return typeof url === 'string' && !/^https:/i.test(url);
    })
    .map((name) => ({ pointer: `/${name}`, detail: 'must be an https URL' }));
}
