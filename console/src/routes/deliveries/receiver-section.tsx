import { Checkbox, Group, Paper, Table, Title } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { ActionButton } from '../../actions/action-button';
import { ReplayDialog } from '../../actions/dialogs';
import type { NotificationRecord } from '../../api/records';
import { reportedOrder } from '../../api/reported-order';
import { PaymentLink } from '../../parts/payment-link';
import { Time } from '../../parts/time';
import { useAllowed } from '../../session/scopes';
import { texts } from '../../texts/en';
import type { ReceiverGroup } from './by-receiver';

const { deliveries, fields } = texts;
const SHOWN = 100;

/** The notifications of one receiver, to send one, a selection or all again. */
export function ReceiverSection({
  group: { receiver, notifications, count },
  replayable,
}: {
  readonly group: ReceiverGroup;
  readonly replayable: boolean;
}): ReactNode {
  const { act } = useAllowed();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const shown = notifications.slice(0, SHOWN);
  // Those that were sent meanwhile are no longer chosen.
  const selected = shown.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
  const choosable = act && replayable;
  const toggle = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  return (
    <Paper withBorder p="sm" component="section" aria-label={`${fields.receiver} ${receiver}`}>
      <Group justify="space-between" mb="xs">
        <Title order={3} size="h5">
          {receiver}: {count}
        </Title>
        {choosable && (
          <Group gap="xs">
            {selected.length > 0 && (
              <ActionButton
                label={deliveries.replaySelected(selected.length)}
                dialog={(close) => (
                  <ReplayDialog selection={{ kind: 'some', ids: selected }} onClose={close} />
                )}
              />
            )}
            <ActionButton
              label={deliveries.replayAll(receiver, count)}
              primary
              dialog={(close) => (
                <ReplayDialog selection={{ kind: 'all', receiver, count }} onClose={close} />
              )}
            />
          </Group>
        )}
      </Group>
      <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label={receiver}>
          <Table.Thead>
            <Table.Tr>
              {choosable && (
                <Table.Td w={40}>
                  <Checkbox
                    aria-label={deliveries.selectAll}
                    checked={selected.length === shown.length}
                    indeterminate={selected.length > 0 && selected.length < shown.length}
                    onChange={() =>
                      setChosen(new Set(selected.length === shown.length ? [] : shown.map(({ id }) => id)))
                    }
                  />
                </Table.Td>
              )}
              <Table.Th scope="col">{fields.subject}</Table.Th>
              <Table.Th scope="col">{fields.event}</Table.Th>
              <Table.Th scope="col">{fields.attempts}</Table.Th>
              <Table.Th scope="col">{replayable ? fields.updatedAt : fields.nextAttemptAt}</Table.Th>
              {choosable && <Table.Td />}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((each) => (
              <Table.Tr key={each.id}>
                {choosable && (
                  <Table.Td>
                    <Checkbox
                      aria-label={deliveries.selectRow(nameOf(each))}
                      checked={chosen.has(each.id)}
                      onChange={() => toggle(each.id)}
                    />
                  </Table.Td>
                )}
                <Table.Td className="foreign">
                  <Subject notification={each} />
                </Table.Td>
                <Table.Td>{each.event}</Table.Td>
                <Table.Td>{each.attempts}</Table.Td>
                <Table.Td>
                  <Time at={replayable ? each.updatedAt : each.nextAttemptAt} relative />
                </Table.Td>
                {choosable && (
                  <Table.Td>
                    <ActionButton
                      label={texts.actions.replay.label}
                      about={nameOf(each)}
                      dialog={(close) => (
                        <ReplayDialog selection={{ kind: 'some', ids: [each.id] }} onClose={close} />
                      )}
                    />
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

/** An order may have a payment and refunds that were not delivered. */
function nameOf(notification: NotificationRecord): string {
  const order = reportedOrder(notification);
  return order === undefined ? notification.id : `${order}, ${notification.event}`;
}

function Subject({ notification }: { readonly notification: NotificationRecord }): ReactNode {
  const { payment, refund, subscription } = notification;
  const order = reportedOrder(notification);
  return (
    <>
      {order !== undefined && <div>{order}</div>}
      <PaymentLink id={payment ?? refund ?? subscription} />
    </>
  );
}
