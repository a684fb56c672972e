import { Alert } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { paymentQuery } from '../api/queries';
import { texts } from '../texts/en';
import { changeOf } from './payment-change';

/** What has become of a payment since the dialog about it was opened, while it is open. */
export function PaymentChanges({ id }: { readonly id: string }): ReactNode {
  const { data } = useQuery(paymentQuery(id));
  const [seen, setSeen] = useState(data);
  if (data && !seen) setSeen(data);
  const change = seen && data && changeOf(seen, data);
  return change === undefined ? null : (
    <Alert color="yellow" variant="outline" role="status" title={texts.payment.changed}>
      {change}
    </Alert>
  );
}
