import { TollgateError } from '@tollgate/client';
import { Checkbox, Radio, Stack, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { texts } from '../texts/en';
import { ActionDialog } from './action-dialog';
import { ReasonInput, reasonProblem } from './reason-input';
import { type Resolvable, resolve } from './resolve';

/**
 * Records an outcome that an operator knows from another source, or corrects what was recorded. If another operator was
 * faster, the answer says what they recorded, and the next press of the button corrects it.
 */
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
  const [corrects, setCorrects] = useState(item.corrects);
  const asksForPaymentId = item.kind === 'payment' && outcome === 'ACCEPTED';
  const asksForToken = item.kind === 'subscription' && outcome !== '' && outcome !== 'FAILED';
  const idProblem =
    asksForPaymentId && externalId.trim() === '' && !hasNoId ? words.paymentIdMissing : undefined;
  const releases = outcome === 'FAILED' || outcome === 'KO' || outcome === 'not-executed';
  return (
    <ActionDialog
      title={corrects === undefined ? words.title : words.correct}
      onClose={onClose}
      consequences={[
        ...words.consequences,
        ...(releases ? [words.frees[item.kind]] : []),
        ...(corrects === undefined ? [] : [words.replaces]),
      ]}
      confirm={corrects === undefined ? words.confirm : words.confirmCorrection}
      danger
      blocked={outcome === '' ? words.outcome : (idProblem ?? reasonProblem(reason))}
      payment={item.kind === 'payment' ? item.id : undefined}
      execute={async () => {
        const id = externalId.trim();
        const named = (asksForPaymentId && !hasNoId) || asksForToken ? id : '';
        const resolution = {
          outcome,
          reason: reason.trim(),
          externalId: named === '' ? undefined : named,
        };
        try {
          return words.done(await resolve({ ...item, corrects }, resolution));
        } catch (error) {
          if (error instanceof TollgateError && error.problem?.resolution !== undefined)
            setCorrects(error.problem.resolution);
          throw error;
        }
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
