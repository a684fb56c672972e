import { Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ActionButton } from '../../actions/action-button';
import { CancelDialog, CheckDialog, RefundDialog, ReplayDialog, ResolveDialog } from '../../actions/dialogs';
import { externalsQuery } from '../../api/queries';
import type { PaymentDetail } from '../../api/records';
import { ActsUnknown } from '../../parts/acts-unknown';
import { ScopeNote } from '../../parts/scope-note';
import { useAllowed } from '../../session/scopes';
import { texts } from '../../texts/en';
import { possibleActions } from './possible-actions';

/** What can be done about a payment now, with these scopes and its external as configured. */
export function PaymentActions({ payment }: { readonly payment: PaymentDetail }): ReactNode {
  const allowed = useAllowed();
  const { data } = useQuery(externalsQuery);
  const external = data?.items.find((each) => each.external === payment.external);
  const possible = possibleActions(payment, external, allowed);
  const { id, state, paymentId } = payment;
  const { actions } = texts;
  return (
    <Group gap="xs">
      {possible.check && (
        <ActionButton
          label={actions.check.label}
          primary={state === 'UNKNOWN' || state === 'PENDING'}
          dialog={(close) => <CheckDialog id={id} state={state} onClose={close} />}
        />
      )}
      {(possible.resolve || possible.correct !== undefined) && (
        <ActionButton
          label={possible.correct === undefined ? actions.resolve.label : actions.resolve.correct}
          dialog={(close) => (
            <ResolveDialog
              item={{ kind: 'payment', id, externalId: paymentId, corrects: possible.correct }}
              onClose={close}
            />
          )}
        />
      )}
      {possible.refund && (
        <ActionButton
          label={actions.refund.label}
          dialog={(close) => <RefundDialog id={id} onClose={close} />}
        />
      )}
      {possible.cancel && (
        <ActionButton
          label={actions.cancel.label}
          dialog={(close) => <CancelDialog id={id} onClose={close} />}
        />
      )}
      {possible.replay !== undefined && (
        <ActionButton
          label={actions.replay.label}
          dialog={(close) => (
            <ReplayDialog selection={{ kind: 'some', ids: [possible.replay!] }} onClose={close} />
          )}
        />
      )}
      <ActsUnknown />
      <ScopeNote />
    </Group>
  );
}
