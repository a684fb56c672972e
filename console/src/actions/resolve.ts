import type { components } from '@tollgate/client';
import { withAdmin } from '../api/admin';

type Schemas = components['schemas'];

/** What an operator can record the outcome of. */
export interface Resolvable {
  readonly kind: 'payment' | 'refund' | 'subscription' | 'operation';
  /** The gateway’s own id. */
  readonly id: string;
  /** The external’s id, where the gateway knows it. */
  readonly externalId?: string | undefined;
  /** The event of the resolution that stands already: this one corrects it. */
  readonly corrects?: string | undefined;
}

interface Resolution {
  readonly outcome: string;
  readonly reason: string;
  readonly externalId: string | undefined;
}

/** Records the outcome, and returns the state after it. */
export function resolve(
  { kind, id, externalId: known, corrects }: Resolvable,
  { outcome, reason, externalId }: Resolution,
): Promise<string> {
  const path = { id };
  const named = corrects !== undefined && { corrects };
  return withAdmin(async (admin) => {
    switch (kind) {
      case 'payment': {
        const status = outcome as Schemas['PaymentResolutionRequest']['status'];
        // What the gateway knows already is not sent again; `null` says that the external has no id.
        const withId = externalId === known ? {} : { paymentId: externalId ?? null };
        const body = { status, reason, ...(status === 'ACCEPTED' && withId), ...named };
        const after = await admin.post('/admin/payments/{id}/resolve', {
          path,
          body,
        });
        return after.state;
      }
      case 'refund': {
        const status = outcome as Schemas['RefundResolutionRequest']['status'];
        const body = { status, reason, ...named };
        return (await admin.post('/admin/refunds/{id}/resolve', { path, body })).state;
      }
      case 'subscription': {
        const status = outcome as Schemas['SubscriptionResolutionRequest']['status'];
        const body = {
          status,
          reason,
          ...(externalId !== undefined && externalId !== known && { subscriptionToken: externalId }),
          ...named,
        };
        return (await admin.post('/admin/subscriptions/{id}/resolve', { path, body })).state;
      }
      case 'operation': {
        const recorded = outcome as Schemas['OperationResolutionRequest']['outcome'];
        const body = { outcome: recorded, reason, ...named };
        return (await admin.post('/admin/operations/{id}/resolve', { path, body })).state;
      }
      default:
        return kind satisfies never;
    }
  });
}
