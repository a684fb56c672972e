import { Checkbox, Radio, Stack, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { texts } from '../texts/en';
import { ActionDialog } from './action-dialog';
import { ReasonInput, reasonProblem } from './reason-input';
import { type Resolvable, resolve } from './resolve';

/** Records an outcome that an operator knows from another source. */
export function ResolveDialog({
  item,
  onClose,
}: {
  readonly item: Resolvable;
  readonly onClose: () => void;
}): ReactNode {
  const { resolve: words } = texts.actions;
  const [outcome, setOutcome] = useState('');
  const [reason, setReason] = useState('');
  const [externalId, setExternalId] = useState(item.externalId ?? '');
  const [hasNoId, setHasNoId] = useState(false);
  const asksForPaymentId = item.kind === 'payment' && outcome === 'ACCEPTED';
  const asksForToken = item.kind === 'subscription' && outcome !== '' && outcome !== 'FAILED';
  const idProblem =
    asksForPaymentId && externalId.trim() === '' && !hasNoId ? words.paymentIdMissing : undefined;
  const releases = outcome === 'FAILED' || outcome === 'KO' || outcome === 'not-executed';
  return (
    <ActionDialog
      title={words.title}
      onClose={onClose}
      consequences={[...words.consequences, ...(releases ? [words.frees] : [])]}
      confirm={words.confirm}
      danger
      blocked={outcome === '' ? words.outcome : (idProblem ?? reasonProblem(reason))}
      execute={async () => {
        const id = externalId.trim();
        const named = (asksForPaymentId && !hasNoId) || asksForToken ? id : '';
        return words.done(
          await resolve(item, {
            outcome,
            reason: reason.trim(),
            externalId: named === '' ? undefined : named,
          }),
        );
      }}
    >
      <Radio.Group label={words.outcome} value={outcome} onChange={setOutcome} required>
        <Stack gap="xs" mt="xs">
          {Object.entries(words.choices[item.kind]).map(([value, label], index) => (
            <Radio
              key={value}
              value={value}
              label={`${label} (${value})`}
              data-autofocus={index === 0 || undefined}
            />
          ))}
        </Stack>
      </Radio.Group>
      {asksForPaymentId && (
        <Stack gap="xs">
          <TextInput
            label={words.paymentId}
            description={words.paymentIdHelp}
            value={externalId}
            onChange={({ currentTarget: { value } }) => setExternalId(value)}
            disabled={hasNoId}
            autoComplete="off"
          />
          <Checkbox
            label={words.paymentIdNone}
            checked={hasNoId}
            onChange={({ currentTarget: { checked } }) => setHasNoId(checked)}
          />
        </Stack>
      )}
      {asksForToken && (
        <TextInput
          label={words.token}
          description={words.tokenHelp}
          value={externalId}
          onChange={({ currentTarget: { value } }) => setExternalId(value)}
          autoComplete="off"
        />
      )}
      <ReasonInput value={reason} onChange={setReason} />
    </ActionDialog>
  );
}
