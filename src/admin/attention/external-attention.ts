import { createHash } from 'node:crypto';
import type { ExternalProvider } from '../../providers/external-provider.js';
import { identifierFloor } from '../../shared/identifier.js';
import type { Keyset } from '../lists/keyset.js';
import type { RowSource } from '../lists/merge-newest.js';
import type { AttentionKind, AttentionRow } from './attention-item.js';

/** The externals that need an operator, as the answering replica sees them: they are no rows of the database. */
export function externalRows(providers: readonly ExternalProvider[]): AttentionRow[] {
  return providers.flatMap((provider) => {
    const { config } = provider;
    const { circuit, circuitOpenedAt, credentialsRefusedAt, lastFailure, nextTryAt } = provider.health();
    const row = (kind: AttentionKind, state: string, since: number): AttentionRow => ({
      id: positionOf(kind, config.name, since),
      ref: config.name,
      kind,
      external: config.name,
      state,
      since,
      detail: lastFailure ?? null,
      next_at: nextTryAt ?? null,
    });
    const rows: AttentionRow[] = [];
    if (circuitOpenedAt !== undefined) rows.push(row('circuit-open', circuit, circuitOpenedAt));
    if (credentialsRefusedAt !== undefined)
      rows.push(row('credentials-refused', 'refused', credentialsRefusedAt));
    return rows;
  });
}

export function sourceOf(rows: readonly AttentionRow[], { above, below }: Keyset): RowSource<AttentionRow> {
  const within = rows
    .filter(({ id }) => id >= above && id < below)
    .toSorted((a, b) => (a.id < b.id ? 1 : -1));
  return (limit) => Promise.resolve(within.slice(0, limit));
}

/** Where the item is among those of the tables, whose ids are ordered by time. */
function positionOf(kind: AttentionKind, external: string, since: number): string {
  const time = identifierFloor('pay', since).slice('pay_'.length);
  const digest = createHash('sha256').update(`${kind} ${external}`).digest('hex');
  return `${time}-7000-8000-${digest.slice(0, 12)}`;
}
