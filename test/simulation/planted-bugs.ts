import { registerHooks } from 'node:module';

/** A bug that is written into a module of `src/` while it is loaded: the compiled text `from` becomes `to`. */
export interface PlantedBug {
  readonly file: string;
  readonly from: string | RegExp;
  readonly to: string;
}

/** By name. Each breaks a promise that an invariant checks. */
export const PLANTED_BUGS: Readonly<Record<string, PlantedBug>> = {
  'key released on unknown': {
    file: 'src/operations/operation.settler.ts',
    from: `(outcome.kind === 'completed' || outcome.kind === 'unknown')`,
    to: `outcome.kind === 'completed'`,
  },
  'a time-out is not-executed': {
    file: 'src/providers/outcome-table.ts',
    from: /unknown\('timeout', ('[^']*')\)/,
    to: `notExecuted('connection-failed', $1)`,
  },
  'fencing removed': {
    file: 'src/operations/operation.repository.ts',
    from: `update.where('deadline_at', '=', deadlineAt)`,
    to: 'update',
  },
  '5xx is a refusal': {
    file: 'src/providers/outcome-table.ts',
    from: /status >= 400 && status < 500,\s*becomes: \(facts\)\s*=>\s*rejected\('refused', facts\)/,
    to: `status >= 400 && status < 600, becomes: (facts) => rejected('refused', facts)`,
  },
  'never seen before the deadline': {
    file: 'src/reconciliation/payment.reconciler.ts',
    from: /if \(queriedAtMs <= row\.deadline_at\)[^;]*;([^]*?)if \(row\.never_seen_at === null\)/,
    to: `$1if (false)`,
  },
  'supersede removed': {
    file: 'src/notifications/notification.outbox.ts',
    from: /await this\.notifications\.supersede\([^)]*\);/,
    to: '',
  },
  'refund not reserved': {
    file: 'src/refunds/refund.ledger.ts',
    from: /if \(!\s?\(?await this\.refunded\.reserveRefund\(trx, payment\.id, request\.amount, expected\)\)?\)/,
    to: `if (await this.refunded.reserveRefund(trx, payment.id, 0, undefined) === null)`,
  },
  'refund not released': {
    file: 'src/refunds/refund.ledger.ts',
    from: `to === 'KO' && refund.reserved === 1`,
    to: `false`,
  },
  'duplicates allowed': {
    file: 'src/payments/payment.operation.ts',
    from: `config.duplicatePayments === 'refuse'`,
    to: `false`,
  },
  'KO is accepted': { file: 'src/payments/payment-state.ts', from: `KO: 'FAILED'`, to: `KO: 'ACCEPTED'` },
  'unknown is not queried': {
    file: 'src/payments/payment-state.ts',
    from: `state === 'CREATED' || state === 'PENDING' || state === 'UNKNOWN'`,
    to: `state === 'CREATED' || state === 'PENDING'`,
  },
  'lost wake of a retry': {
    file: 'src/notifications/retry-schedule.ts',
    from: `nowMs + Math.max`,
    to: `Infinity && nowMs + 1e12 + Math.max`,
  },
};

/** Call this before the program is imported. Throws while loading if the text to replace is not there. */
export function plant(name: string): void {
  const bug = PLANTED_BUGS[name];
  if (!bug) throw new Error(`No planted bug ${name}; there are: ${Object.keys(PLANTED_BUGS).join(', ')}`);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(`/${bug.file}`)) return loaded;
      const text = loaded.source as string;
      const changed = text.replace(bug.from, bug.to);
      if (changed === text) throw new Error(`${bug.file} has changed: the bug "${name}" cannot be planted`);
      return { ...loaded, source: changed };
    },
  });
}
