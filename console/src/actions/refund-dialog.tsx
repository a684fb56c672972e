import { type components, TollgateError } from '@tollgate/client';
import { Modal, Radio, Stack, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { withAdmin } from '../api/admin';
import { ChangedMeanwhile } from '../api/problem-text';
import { paymentQuery } from '../api/queries';
import type { PaymentDetail } from '../api/records';
import { formatMoney } from '../format/money';
import { Loaded } from '../parts/loaded';
import { texts } from '../texts/en';
import { ActionDialog } from './action-dialog';
import { changeOf } from './payment-change';
import { ReasonInput, reasonProblem } from './reason-input';
import { partOf, restOf } from './refund-amount';

/** The payment does not allow the refund, or is not what the operator saw. */
const REFUSED_BY_STATE: ReadonlySet<string> = new Set(['conflict', 'refund-exceeds-payment']);

/** The gateway refuses what is no currency. */
type Currency = components['schemas']['PaymentRefundRequest']['currency'];

interface Props {
  readonly id: string;
  readonly onClose: () => void;
}

/** Refunds a payment, whole or in part; the rest is read when the dialog opens. */
export function RefundDialog({ id, onClose }: Props): ReactNode {
  const query = useQuery(paymentQuery(id));
  if (query.data) return <RefundForm payment={query.data} id={id} onClose={onClose} />;
  const { refund, close } = texts.actions;
  return (
    <Modal opened onClose={onClose} title={refund.title} size="lg" closeButtonProps={{ 'aria-label': close }}>
      <Loaded query={query}>{() => null}</Loaded>
    </Modal>
  );
}

function RefundForm({ id, payment, onClose }: Props & { readonly payment: PaymentDetail }): ReactNode {
  const { refund } = texts.actions;
  const queryClient = useQueryClient();
  // As the operator has seen it: it must not change between the look and the press.
  const [seen, setSeen] = useState(payment);
  const rest = restOf(seen);
  const [whole, setWhole] = useState(rest !== undefined);
  const [text, setText] = useState('');
  const [currency, setCurrency] = useState(payment.currency ?? '');
  const [reason, setReason] = useState('');
  const code = currency.trim().toUpperCase();
  const amount = whole ? rest || undefined : partOf(text, code, rest);
  const shown = amount === undefined || code === '' ? refund.noAmount : formatMoney(amount, code);
  const limit = formatMoney(rest, payment.currency);
  const wrong = rest === 0 ? refund.nothingLeft : refund.amountWrong(limit);
  /** Another operator may have been faster: what they changed says more than why the gateway refused. */
  const explained = async (error: unknown): Promise<unknown> => {
    if (!(error instanceof TollgateError) || !REFUSED_BY_STATE.has(error.code)) return error;
    try {
      const now = await queryClient.query({ ...paymentQuery(id), staleTime: 0 });
      const change = changeOf(seen, now);
      if (change === undefined) return error;
      setSeen(now);
      return new ChangedMeanwhile(change);
    } catch {
      return error;
    }
  };
  const amountProblem = amount === undefined || code === '' ? wrong : undefined;
  return (
    <ActionDialog
      title={refund.title}
      onClose={onClose}
      consequences={refund.consequences(shown, payment.external)}
      confirm={amount === undefined || code === '' ? refund.label : refund.confirm(shown)}
      danger
      blocked={amountProblem ?? reasonProblem(reason)}
      payment={id}
      keyed
      execute={async ({ idempotencyKey, isRepeat }) => {
        try {
          const { result } = await withAdmin((admin) =>
            admin.post('/admin/payments/{id}/refund', {
              path: { id },
              body: {
                // The amount that the operator saw, also for the whole.
                amount: amount!,
                currency: code as Currency,
                reason: reason.trim(),
                expectedRefundedAmount: seen.refundedAmount,
              },
              idempotencyKey,
            }),
          );
          if (result === 'OK') return refund.ok(shown);
          return result === 'PENDING' ? refund.pending(shown) : refund.ko;
        } catch (error) {
          // A repeat must stay the same request.
          throw isRepeat ? error : await explained(error);
        }
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
          error={text !== '' && amount === undefined ? wrong : undefined}
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
