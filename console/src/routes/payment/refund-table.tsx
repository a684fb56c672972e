import { Stack, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { ActionButton } from '../../actions/action-button';
import { ResolveDialog } from '../../actions/dialogs';
import { resolutionOf } from '../../actions/resolution';
import type { EventRecord, RefundRecord } from '../../api/records';
import { Money } from '../../parts/money';
import { StateBadge } from '../../parts/state-badge';
import { Time } from '../../parts/time';
import { useAllowed } from '../../session/scopes';
import { texts } from '../../texts/en';

const { fields } = texts;

/** The refunds of a payment; the outcome of one in doubt can be recorded, and what was recorded can be corrected. */
export function RefundTable({
  refunds,
  events,
}: {
  readonly refunds: readonly RefundRecord[];
  readonly events: readonly EventRecord[];
}): ReactNode {
  const { settle } = useAllowed();
  if (refunds.length === 0) return <Text size="sm">{texts.payment.noRefunds}</Text>;
  return (
    <Table aria-label={texts.payment.refunds}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{fields.amount}</Table.Th>
          <Table.Th scope="col">{fields.state}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {refunds.map(({ id, amount, currency, state, refundId, createdAt, parkedAt, reversal }) => (
          <Table.Tr key={id}>
            <Table.Td>
              <Money amount={amount} currency={currency} />
              <div className="foreign">{refundId}</div>
              <Text component="span" c="dimmed">
                <Time at={createdAt} />
              </Text>
            </Table.Td>
            <Table.Td>
              <Stack gap={6} align="flex-start">
                <StateBadge state={state} />
                {settle && (
                  <RecordButton
                    id={id}
                    refundId={refundId}
                    isOpen={state === 'UNKNOWN' || parkedAt !== undefined || reversal !== undefined}
                    corrects={resolutionOf(events, id)}
                  />
                )}
              </Stack>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function RecordButton({
  id,
  refundId,
  isOpen,
  corrects,
}: {
  readonly id: string;
  readonly refundId: string;
  readonly isOpen: boolean;
  readonly corrects: string | undefined;
}): ReactNode {
  if (!isOpen && corrects === undefined) return null;
  const { resolve } = texts.actions;
  return (
    <ActionButton
      label={corrects === undefined ? resolve.label : resolve.correct}
      about={refundId}
      dialog={(close) => <ResolveDialog item={{ kind: 'refund', id, corrects }} onClose={close} />}
    />
  );
}
