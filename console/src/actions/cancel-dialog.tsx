import { type ReactNode, useState } from 'react';
import { withAdmin } from '../api/admin';
import { texts } from '../texts/en';
import { ActionDialog } from './action-dialog';
import { ReasonInput, reasonProblem } from './reason-input';

/** Cancels a pending payment. */
export function CancelDialog({
  id,
  onClose,
}: {
  readonly id: string;
  readonly onClose: () => void;
}): ReactNode {
  const [reason, setReason] = useState('');
  const { cancel } = texts.actions;
  return (
    <ActionDialog
      title={cancel.title}
      onClose={onClose}
      consequences={cancel.consequences}
      confirm={cancel.confirm}
      danger
      blocked={reasonProblem(reason)}
      payment={id}
      keyed
      execute={async ({ idempotencyKey }) => {
        const { result } = await withAdmin((admin) =>
          admin.post('/admin/payments/{id}/cancel', {
            path: { id },
            body: { reason: reason.trim() },
            idempotencyKey,
          }),
        );
        return cancel[result];
      }}
    >
      <ReasonInput value={reason} onChange={setReason} autoFocus />
    </ActionDialog>
  );
}
