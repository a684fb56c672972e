import { Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { ActionButton } from '../../actions/action-button';
import { ResolveDialog } from '../../actions/dialogs';
import { loadPage } from '../../api/list-page';
import type { OperationRecord } from '../../api/records';
import { EXTERNAL_FILTER, TIME_FILTERS } from '../../lists/common-filters';
import type { ListDefinition } from '../../lists/list-definition';
import { ListPage } from '../../lists/list-page';
import { Facts } from '../../parts/facts';
import { Json } from '../../parts/json';
import { PaymentLink } from '../../parts/payment-link';
import { ScopedActs } from '../../parts/scope-note';
import { StateBadge } from '../../parts/state-badge';
import { Time } from '../../parts/time';
import { texts } from '../../texts/en';

const { fields } = texts;

const OPERATIONS: ListDefinition<OperationRecord> = {
  title: texts.navigation.operations,
  help: texts.operations.help,
  path: '/admin/operations',
  filters: [EXTERNAL_FILTER, ...TIME_FILTERS],
  columns: [
    { id: 'operation', label: fields.operation, cell: (each) => each.operation },
    { id: 'state', label: fields.state, kind: 'state', cell: (each) => <StateBadge state={each.state} /> },
    {
      id: 'payment',
      label: fields.payment,
      kind: 'id',
      cell: ({ payment }) => <PaymentLink id={payment} />,
    },
    { id: 'reason', label: fields.reason, cell: (each) => each.reason },
    { id: 'external', label: fields.external, cell: (each) => each.external },
    { id: 'created', label: fields.createdAt, kind: 'time', cell: (each) => <Time at={each.createdAt} /> },
    { id: 'caller', label: fields.caller, cell: (each) => each.caller },
    { id: 'id', label: fields.id, kind: 'id', hidden: true, cell: (each) => each.id },
  ],
  load: loadPage('/admin/operations'),
  details: (operation) => <OperationDetails operation={operation} />,
};

export function OperationsPage(): ReactNode {
  return <ListPage definition={OPERATIONS} />;
}

function OperationDetails({ operation }: { readonly operation: OperationRecord }): ReactNode {
  const { id, payment, refund } = operation;
  return (
    <Stack>
      <Facts
        facts={[
          [fields.operation, operation.operation],
          [fields.state, <StateBadge key="state" state={operation.state} />],
          [fields.reason, operation.reason],
          [fields.payment, payment && <PaymentLink id={payment} />],
          [fields.refund, refund],
          [fields.external, operation.external],
          [fields.caller, operation.caller],
          [fields.createdAt, <Time key="created" at={operation.createdAt} relative />],
          [fields.finishedAt, operation.finishedAt && <Time at={operation.finishedAt} relative />],
          [fields.answerStatus, operation.answerStatus && String(operation.answerStatus)],
          [fields.idempotencyKey, operation.idempotencyKey],
          [fields.requestId, operation.requestId],
          [fields.id, id],
        ]}
      />
      {/* The outcome of a payment or a refund is recorded there. */}
      {payment === undefined && refund === undefined && (
        <ScopedActs need="settle">
          <ActionButton
            label={texts.actions.resolve.label}
            dialog={(close) => <ResolveDialog item={{ kind: 'operation', id }} onClose={close} />}
          />
        </ScopedActs>
      )}
      <Json value={operation} />
    </Stack>
  );
}
