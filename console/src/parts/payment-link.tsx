import { Anchor } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

/** A link to a payment, by the gateway’s own id; another id is shown as a text. */
export function PaymentLink({ id }: { readonly id: string | undefined }): ReactNode {
  if (id === undefined) return null;
  if (!id.startsWith('pay_')) return id;
  return (
    <Anchor component={Link} to={`/payments/${id}`} size="sm" underline="always" className="foreign">
      {id}
    </Anchor>
  );
}
