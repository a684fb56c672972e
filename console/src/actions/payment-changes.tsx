import { Alert } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { paymentQuery } from '../api/queries';
import { texts } from '../texts/en';
import { useDialogs } from './action-host';
import { changeOf } from './payment-change';

/**
 * What has become of a payment while its page, or the dialog about it, was open. What a dialog has said is not said again
 * by the page. `dismissible`: the operator can close it.
 */
export function PaymentChanges({
  id,
  dismissible = false,
}: {
  readonly id: string;
  readonly dismissible?: boolean;
}): ReactNode {
  const { data: payment } = useQuery(paymentQuery(id));
  const { closed } = useDialogs();
  const [seen, setSeen] = useState({ payment, closed });
  if (seen.closed !== closed || (payment && !seen.payment)) setSeen({ payment, closed });
  const change = seen.payment && payment && changeOf(seen.payment, payment);
  return change === undefined ? null : (
    <Alert
      color="yellow"
      variant="outline"
      role="status"
      title={texts.payment.changed}
      withCloseButton={dismissible}
      closeButtonLabel={texts.actions.close}
      onClose={() => setSeen({ payment, closed })}
    >
      {change}
    </Alert>
  );
}
