import { Code, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { ActionButton } from '../../actions/action-button';
import { ReplayDialog } from '../../actions/dialogs';
import type { NotificationRecord } from '../../api/records';
import { reportedOrder } from '../../api/reported-order';
import { jsonText } from '../../format/json';
import { Copyable } from '../../parts/copyable';
import { Facts } from '../../parts/facts';
import { Json } from '../../parts/json';
import { PaymentLink } from '../../parts/payment-link';
import { ScopedActs } from '../../parts/scope-note';
import { StateBadge } from '../../parts/state-badge';
import { Time } from '../../parts/time';
import { TraceId } from '../../parts/trace-link';
import { texts } from '../../texts/en';

const { fields } = texts;

/** The state of a delivery in words: those of the API are the gateway’s own. */
export function NotificationBadge({ state }: Pick<NotificationRecord, 'state'>): ReactNode {
  return <StateBadge state={state} label={texts.notificationState[state]} />;
}

/** A notification with its body; the attempts are in the story of its payment. */
export function NotificationDetails({
  notification,
}: {
  readonly notification: NotificationRecord;
}): ReactNode {
  const { id, state } = notification;
  return (
    <Stack>
      <Facts
        facts={[
          [fields.state, <NotificationBadge key="state" state={state} />],
          [fields.receiver, notification.receiver],
          [fields.event, `${notification.event}, ${fields.version.toLowerCase()} ${notification.version}`],
          [fields.shopTransactionId, reportedOrder(notification)],
          [fields.payment, notification.payment && <PaymentLink key="payment" id={notification.payment} />],
          [fields.refund, notification.refund],
          [fields.subscription, notification.subscription],
          [fields.external, notification.external],
          [fields.attempts, String(notification.attempts)],
          [fields.createdAt, <Time key="created" at={notification.createdAt} relative />],
          [
            fields.nextAttemptAt,
            notification.nextAttemptAt && <Time at={notification.nextAttemptAt} relative />,
          ],
          [fields.deliveredAt, notification.deliveredAt && <Time at={notification.deliveredAt} relative />],
          [fields.requestId, <Copyable key="request" value={notification.requestId} />],
          [fields.traceId, notification.traceId && <TraceId value={notification.traceId} />],
          [fields.id, id],
        ]}
      />
      <div>
        <Text size="sm" fw={600}>
          {texts.notificationBody}
        </Text>
        <Code block className="json foreign" tabIndex={0} role="region" aria-label={texts.notificationBody}>
          {jsonText(notification.payload, 2)}
        </Code>
      </div>
      {state !== 'LEASED' && (
        <ScopedActs need="act">
          <ActionButton
            label={texts.actions.replay.label}
            dialog={(close) => <ReplayDialog selection={{ kind: 'some', ids: [id] }} onClose={close} />}
          />
        </ScopedActs>
      )}
      <Json value={notification} />
    </Stack>
  );
}
