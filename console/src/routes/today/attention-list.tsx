import { Anchor, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Link } from 'react-router';
import { ActionButton } from '../../actions/action-button';
import { CheckDialog, RefundDialog, ReplayDialog, ResolveDialog } from '../../actions/dialogs';
import { deadQuery, externalsQuery } from '../../api/queries';
import type { AttentionItem, AttentionKind, Page } from '../../api/records';
import { formatDuration } from '../../format/time';
import { ActsUnknown } from '../../parts/acts-unknown';
import { Empty } from '../../parts/empty';
import { Money } from '../../parts/money';
import { ScopeNote } from '../../parts/scope-note';
import { StateBadge } from '../../parts/state-badge';
import { Time } from '../../parts/time';
import { useNow } from '../../parts/use-now';
import { type Allowed, useAllowed } from '../../session/scopes';
import { texts } from '../../texts/en';
import { detailLabel, readableAdvice } from './advice';
import { actionsFor, type AttentionAction, pageOf } from './attention-actions';

const SHOWN_FIRST = 20;

/** The items, newest first, each with the acts that can settle it. */
export function AttentionList({ page }: { readonly page: Page<AttentionItem> }): ReactNode {
  const [limit, setLimit] = useState(SHOWN_FIRST);
  const { items, nextCursor } = page;
  if (items.length === 0) return <Empty title={texts.today.calm} text={texts.today.calmText} />;
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed" role="status">
        {texts.today.attentionCount(items.length, nextCursor !== null)}
      </Text>
      <ActsUnknown />
      <ScopeNote />
      {items.slice(0, limit).map((item) => (
        <AttentionCard key={`${item.kind} ${item.id}`} item={item} />
      ))}
      {items.length > limit && (
        <Button variant="default" onClick={() => setLimit((before) => before + SHOWN_FIRST)}>
          {texts.today.more}
        </Button>
      )}
    </Stack>
  );
}

function AttentionCard({ item }: { readonly item: AttentionItem }): ReactNode {
  const allowed = useAllowed();
  const { data: externals } = useQuery(externalsQuery);
  const configured = externals?.items.find((each) => each.external === item.external);
  const { kind, shopTransactionId, paymentId, refundId, amount, currency, state, external, since } = item;
  const name = shopTransactionId ?? refundId ?? paymentId ?? item.id;
  return (
    <Paper withBorder p="sm" component="article" aria-label={`${texts.attention[kind] ?? kind}: ${name}`}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={4} flex="1 1 20rem" miw={0}>
          <Group gap="xs">
            <Title order={3} size="h5">
              {texts.attention[kind] ?? kind}
            </Title>
            <StateBadge state={state} {...(kind === 'circuit-open' && { label: circuitLabel(state) })} />
          </Group>
          <Group gap="2px 12px">
            <Anchor
              component={Link}
              to={pageOf(item)}
              underline="always"
              fw={600}
              className="foreign"
              aria-label={`${texts.today.open} ${name}`}
            >
              {name}
            </Anchor>
            {refundId !== undefined && refundId !== name && (
              <Text size="sm" className="foreign">
                {texts.fields.refund} {refundId}
              </Text>
            )}
            {amount !== undefined && (
              <Text component="span" fw={600}>
                <Money amount={amount} currency={currency} />
              </Text>
            )}
            {external !== name && <Text size="sm">{external}</Text>}
            <Text size="sm" component="span">
              <Age since={since} />
            </Text>
          </Group>
          <Why item={item} allowed={allowed} />
        </Stack>
        <Group gap="xs">
          {actionsFor(item, allowed, configured).map((action, index) => (
            <AttentionActionButton key={action.kind} action={action} primary={index === 0} about={name} />
          ))}
        </Group>
      </Group>
    </Paper>
  );
}

function Age({ since }: Pick<AttentionItem, 'since'>): ReactNode {
  return texts.today.age(formatDuration(useNow() - new Date(since).getTime()));
}

/** The state of a circuit as its external’s card has it. */
function circuitLabel(state: string): string {
  return (texts.external.circuit as Readonly<Record<string, string>>)[state] ?? state;
}

/** What the external said last, why the item is here, and what to do. */
function Why({ item, allowed }: { readonly item: AttentionItem; readonly allowed: Allowed }): ReactNode {
  const { kind, detail } = item;
  return (
    <>
      {kind === 'notification-dead' ? (
        <DeadNotification item={item} />
      ) : (
        detail !== undefined && (
          <Text size="sm" className="foreign">
            <b>{detailLabel(kind)}:</b> {detail}
          </Text>
        )
      )}
      {QUERIED.has(kind) && <LastQuery item={item} />}
      <Text size="sm" c="dimmed" className="foreign">
        <b>{texts.today.whatToDo}:</b> {readableAdvice(item, allowed)}
      </Text>
    </>
  );
}

/** Kinds that wait for an answer to a status query. */
const QUERIED: ReadonlySet<AttentionKind> = new Set(['payment-unknown', 'payment-parked', 'refund-stuck']);

function LastQuery({ item: { lastQuery } }: { readonly item: AttentionItem }): ReactNode {
  return (
    <Group gap={6} align="baseline">
      <Text size="sm" className="foreign" flex="0 1 auto">
        <b>{texts.today.lastAnswer}:</b>{' '}
        {lastQuery
          ? `${texts.today.lastQuery(lastQuery.result, lastQuery.times)}${lastQuery.detail === undefined ? '' : `: ${lastQuery.detail}`}`
          : texts.today.noAnswer}
      </Text>
      {lastQuery && <Time at={lastQuery.lastAt} relative />}
    </Group>
  );
}

/** The receiver of a dead notification, which the list of notifications has, and what it answered last. */
function DeadNotification({
  item: { id, lastDelivery },
}: {
  readonly item: Pick<AttentionItem, 'id' | 'lastDelivery'>;
}): ReactNode {
  const { data } = useQuery(deadQuery);
  const notification = data?.items.find((each) => each.id === id);
  const { status } = (notification?.payload ?? {}) as { status?: unknown };
  return (
    <>
      {notification && (
        <Group gap="sm">
          <Text size="sm" className="foreign">
            {texts.fields.receiver} {notification.receiver}, {texts.fields.attempts.toLowerCase()}{' '}
            {notification.attempts}
          </Text>
          {typeof status === 'string' && <StateBadge state={status} />}
        </Group>
      )}
      {lastDelivery && (
        <Group gap={6} align="baseline">
          <Text size="sm" className="foreign" flex="0 1 auto">
            <b>{texts.today.lastAnswerOfReceiver}:</b> {answerText(lastDelivery)}
          </Text>
          <Time at={lastDelivery.at} relative />
        </Group>
      )}
    </>
  );
}

/** As the story of a payment shows it: the status, and what came with it or why nothing did. */
function answerText({ status, error, answer }: NonNullable<AttentionItem['lastDelivery']>): string {
  return [status, error ?? answer].filter((part) => part !== undefined && part !== '').join(' ');
}

function AttentionActionButton({
  action,
  primary,
  about,
}: {
  readonly action: AttentionAction;
  readonly primary: boolean;
  readonly about: string;
}): ReactNode {
  const { actions } = texts;
  return (
    <ActionButton
      label={actions[action.kind].label}
      primary={primary}
      about={about}
      dialog={(close) => <AttentionDialog action={action} onClose={close} />}
    />
  );
}

function AttentionDialog({
  action,
  onClose,
}: {
  readonly action: AttentionAction;
  readonly onClose: () => void;
}): ReactNode {
  switch (action.kind) {
    case 'check':
      return <CheckDialog id={action.id} state={action.state} onClose={onClose} />;
    case 'refund':
      return <RefundDialog id={action.id} onClose={onClose} />;
    case 'replay':
      return <ReplayDialog selection={{ kind: 'some', ids: [action.id] }} onClose={onClose} />;
    case 'resolve':
      return <ResolveDialog item={action.item} onClose={onClose} />;
    default:
      return action satisfies never;
  }
}
