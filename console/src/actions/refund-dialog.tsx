import type { components } from '@tollgate/client';
import { Radio, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { withAdmin } from '../api/admin';
import { paymentQuery } from '../api/queries';
import type { PaymentDetail } from '../api/records';
import { formatMoney } from '../format/money';
import { Loaded } from '../parts/loaded';
import { texts } from '../texts/en';
import { ActionDialog } from './action-dialog';
import { ReasonInput, reasonProblem } from './reason-input';
import { partOf, restOf } from './refund-amount';

/** The gateway refuses what is no currency. */
type Currency = components['schemas']['PaymentRefundRequest']['currency'];

interface Props {
  readonly id: string;
  readonly onClose: () => void;
}

/** Refunds a payment, whole or in part; the rest is read when the dialog opens. */
export function RefundDialog({ id, onClose }: Props): ReactNode {
  const query = useQuery(paymentQuery(id));
  return (
    <Loaded query={query}>{(payment) => <RefundForm payment={payment} id={id} onClose={onClose} />}</Loaded>
  );
}

function RefundForm({ id, payment, onClose }: Props & { readonly payment: PaymentDetail }): ReactNode {
  const { refund } = texts.actions;
  // As when the dialog opened: a refund by someone else meanwhile is refused by the gateway, not reinterpreted here.
  const [rest] = useState(() => restOf(payment));
  const [whole, setWhole] = useState(rest !== undefined);
  const [text, setText] = useState('');
  const [currency, setCurrency] = useState(payment.currency ?? '');
  const [reason, setReason] = useState('');
  const code = currency.trim().toUpperCase();
  const amount = whole ? rest : partOf(text, code, rest);
  const shown = formatMoney(amount, amount === undefined ? undefined : code);
  const limit = formatMoney(rest, payment.currency);
  return (
    <ActionDialog
      title={refund.title}
      onClose={onClose}
      consequences={refund.consequences(shown, payment.external)}
      confirm={refund.confirm(shown)}
      danger
      blocked={amount === undefined || code === '' ? refund.amountWrong(limit) : reasonProblem(reason)}
      execute={async (idempotencyKey) => {
        const { result } = await withAdmin((admin) =>
          admin.post('/admin/payments/{id}/refund', {
            path: { id },
            // The amount that the operator saw, also for the whole: it must not grow between the look and the press.
            body: { amount: amount!, currency: code as Currency, reason: reason.trim() },
            idempotencyKey,
          }),
        );
        if (result === 'OK') return refund.ok(shown);
        return result === 'PENDING' ? refund.pending(shown) : refund.ko;
      }}
    >
      <Radio.Group
        label={refund.amount}
        value={whole ? 'whole' : 'part'}
        onChange={(value) => setWhole(value === 'whole')}
      >
        <Stack gap="xs" mt="xs">
          {rest !== undefined && (
            <Radio value="whole" label={`${refund.whole}: ${formatMoney(rest, payment.currency)}`} />
          )}
          <Radio value="part" label={refund.part} />
        </Stack>
      </Radio.Group>
      {!whole && (
        <TextInput
          label={`${refund.amount} (${code || refund.currency})`}
          description={rest === undefined ? undefined : refund.amountHelp(limit)}
          value={text}
          onChange={({ currentTarget: { value } }) => setText(value)}
          error={text !== '' && amount === undefined ? refund.amountWrong(limit) : undefined}
          inputMode="decimal"
          autoComplete="off"
        />
      )}
      {payment.currency === undefined && (
        <TextInput
          label={refund.currency}
          value={currency}
          onChange={({ currentTarget: { value } }) => setCurrency(value)}
          maxLength={3}
        />
      )}
      <ReasonInput value={reason} onChange={setReason} autoFocus />
    </ActionDialog>
  );
}
