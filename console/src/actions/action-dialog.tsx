import { TollgateError } from '@tollgate/client';
import { Alert, Button, Group, List, Modal, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, type ReactNode, useId, useState } from 'react';
import { ProblemAlert } from '../parts/problem-alert';
import { SlowNote } from '../parts/slow-note';
import { texts } from '../texts/en';
import { useDialogAbout } from './action-host';
import { newIdempotencyKey } from './idempotency-key';
import { PaymentChanges } from './payment-changes';

export interface Attempt {
  readonly idempotencyKey: string;
  /** An earlier attempt may have been executed: this one must be the same. */
  readonly isRepeat: boolean;
}

interface Props {
  readonly title: string;
  readonly onClose: () => void;
  readonly consequences: readonly string[];
  readonly confirm: string;
  readonly danger?: boolean;
  /** Why it cannot be sent yet; undefined: it can. */
  readonly blocked?: string | undefined;
  /** The payment that the act is about: the dialog says what becomes of it meanwhile. */
  readonly payment?: string | undefined;
  /** Whether the act has an `Idempotency-Key`, and so cannot be changed once it may have been executed. */
  readonly keyed?: boolean;
  /**
   * Executes the act and returns what came of it. `idempotencyKey` is made once for the dialog: pressing the button again
   * after a failure never executes twice.
   */
  readonly execute: (attempt: Attempt) => Promise<string>;
  /** The fields of the act. */
  readonly children?: ReactNode;
}

/** An act of an operator: its consequences before, its result after. What was typed stays until it has succeeded. */
export function ActionDialog(props: Props): ReactNode {
  const { title, onClose, consequences, confirm, danger = false, blocked, execute, children } = props;
  const { payment, keyed = false } = props;
  const [idempotencyKey] = useState(newIdempotencyKey);
  const [inDoubt, setInDoubt] = useState(false);
  const [tried, setTried] = useState(false);
  const queryClient = useQueryClient();
  const heading = useId();
  const about = useDialogAbout();
  const act = useMutation({
    mutationFn: () => execute({ idempotencyKey, isRepeat: inDoubt }),
    onError: (error) => {
      if (keyed && error instanceof TollgateError && error.outcome === 'unknown') setInDoubt(true);
    },
    // What the act was about is read again, also where it failed: another operator may have been faster. The result is
    // shown without waiting for it.
    onSettled: () => void queryClient.invalidateQueries(),
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setTried(true);
    if (blocked === undefined && !act.isPending) act.mutate();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={
        <>
          {title}
          {about !== undefined && (
            <Text component="span" display="block" size="sm" className="foreign">
              {about}
            </Text>
          )}
        </>
      }
      size="lg"
      closeOnClickOutside={false}
      closeOnEscape={!act.isPending}
      closeButtonProps={{ 'aria-label': texts.actions.close, disabled: act.isPending }}
      classNames={{ content: 'act' }}
    >
      {act.isSuccess ? (
        <Stack>
          <Alert color="green" variant="outline" title={texts.actions.result} role="status">
            {act.data}
          </Alert>
          <Group justify="flex-end">
            <Button onClick={onClose} data-autofocus autoFocus>
              {texts.actions.done}
            </Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={submit} noValidate>
          <Stack>
            <div>
              <Text id={heading} fw={600} size="sm">
                {texts.actions.consequences}
              </Text>
              <List size="sm" aria-labelledby={heading}>
                {consequences.map((each) => (
                  <List.Item key={each}>{each}</List.Item>
                ))}
              </List>
            </div>
            {children !== undefined && (
              <fieldset className="fields" disabled={inDoubt && !act.isPending}>
                <Stack>{children}</Stack>
              </fieldset>
            )}
            {tried && blocked !== undefined && (
              <Text size="sm" c="var(--mantine-color-error)" role="alert">
                {blocked}
              </Text>
            )}
            {act.isPending && <SlowNote text={texts.states.slow} />}
            {payment !== undefined && !act.isPending && <PaymentChanges id={payment} />}
            {act.error && <ProblemAlert error={inDoubt ? unsettled(act.error) : act.error} />}
            <Group justify="flex-end" gap="xs" className="act-buttons">
              <Button variant="default" onClick={onClose} disabled={act.isPending}>
                {texts.actions.cancelDialog}
              </Button>
              <Button type="submit" color={danger ? 'red' : 'blue'} loading={act.isPending}>
                {confirm}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

/** What a later attempt says of itself does not say what an earlier one did. */
function unsettled(error: Error): Error {
  return error instanceof TollgateError ? error.with({ outcome: 'unknown' }) : error;
}
