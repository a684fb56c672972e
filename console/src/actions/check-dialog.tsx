import type { ReactNode } from 'react';
import { withAdmin } from '../api/admin';
import { texts } from '../texts/en';
import { ActionDialog } from './action-dialog';

/** Queries the external about a payment. */
export function CheckDialog({
  id,
  state,
  onClose,
}: {
  readonly id: string;
  /** Before the check. */
  readonly state: string;
  readonly onClose: () => void;
}): ReactNode {
  const { check } = texts.actions;
  return (
    <ActionDialog
      title={check.title}
      onClose={onClose}
      consequences={check.consequences}
      confirm={check.confirm}
      payment={id}
      execute={async () => {
        const after = await withAdmin((admin) => admin.post('/admin/payments/{id}/check', { path: { id } }));
        return after.state === state ? check.same(after.state) : check.changed(state, after.state);
      }}
    />
  );
}
