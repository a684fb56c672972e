import type { Store, Trx } from '../../persistence/store.js';
import { errorTypeOf, type Tracer } from './tracer.js';

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** `store.transaction(work)` within a span. */
export function tracedCommit<T>(
  tracer: Tracer,
  store: Store,
  name: string,
  parent: string | undefined,
  work: (trx: Trx) => Promise<T>,
): Promise<T> {
  return tracedWrite(tracer, store, name, parent, () => store.transaction(work));
}

/** `write`, which commits, within a span, by OpenTelemetry's semantic conventions for database clients. */
export async function tracedWrite<T>(
  tracer: Tracer,
  store: Store,
  name: string,
  parent: string | undefined,
  write: () => Promise<T>,
): Promise<T> {
  if (!tracer.enabled) return write();
  const attributes = { ...store.traceAttributes, 'db.operation.name': 'COMMIT' };
  const span = tracer.start(name, { kind: 'client', parent, attributes });
  try {
    return await write();
  } catch (error) {
    const type = errorTypeOf(error);
    span.fail(type);
    if (SQLSTATE.test(type)) span.set({ 'db.response.status_code': type });
    throw error;
  } finally {
    span.end();
  }
}
