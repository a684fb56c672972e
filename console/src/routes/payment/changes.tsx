import { Alert } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useDialogs } from '../../actions/action-host';
import { changeOf } from '../../actions/payment-change';
import type { PaymentDetail } from '../../api/records';
import { texts } from '../../texts/en';

/** What has become of the payment while its page was open. What a dialog has said is not said again. */
export function Changes({ payment }: { readonly payment: PaymentDetail }): ReactNode {
  const { closed } = useDialogs();
  const [seen, setSeen] = useState({ payment, closed });
  if (seen.closed !== closed) setSeen({ payment, closed });
  const change = changeOf(seen.payment, payment);
  return change === undefined ? null : (
    <Alert
      color="yellow"
      variant="outline"
      role="status"
      title={texts.payment.changed}
      withCloseButton
      closeButtonLabel={texts.actions.close}
      onClose={() => setSeen({ payment, closed })}
    >
      {change}
    </Alert>
  );
}
