import { Alert, Button, Group, List, Modal, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, type ReactNode, useId, useState } from 'react';
import { problemText } from '../api/problem-text';
import { ProblemAlert } from '../parts/problem-alert';
import { texts } from '../texts/en';
import { newIdempotencyKey } from './idempotency-key';

interface Props {
  readonly title: string;
  readonly onClose: () => void;
  readonly consequences: readonly string[];
  readonly confirm: string;
  readonly danger?: boolean;
  /** Why it cannot be sent yet; undefined: it can. */
  readonly blocked?: string | undefined;
  /**
   * Executes the act and returns what came of it. `idempotencyKey` is made once for the dialog: pressing the button again
   * after a failure never executes twice.
   */
  readonly execute: (idempotencyKey: string) => Promise<string>;
  /** The fields of the act. */
  readonly children?: ReactNode;
}

/** An act of an operator: its consequences before, its result after. What was typed stays until it has succeeded. */
export function ActionDialog(props: Props): ReactNode {
  const { title, onClose, consequences, confirm, danger = false, blocked, execute, children } = props;
  const [key] = useState(newIdempotencyKey);
  const [tried, setTried] = useState(false);
  const queryClient = useQueryClient();
  const heading = useId();
  const act = useMutation({
    mutationFn: () => execute(key),
    // What the act was about is read again, also where it failed: another operator may have been faster.
    onSettled: () => queryClient.invalidateQueries(),
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
      title={title}
      size="lg"
      closeOnClickOutside={false}
      closeOnEscape={!act.isPending}
      closeButtonProps={{ 'aria-label': texts.actions.close, disabled: act.isPending }}
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
            {children}
            {tried && blocked !== undefined && (
              <Text size="sm" c="var(--mantine-color-error)" role="alert">
                {blocked}
              </Text>
            )}
            {act.error && <ProblemAlert error={act.error} />}
            {act.error && problemText(act.error).changed && <Text size="sm">{texts.payment.changed}</Text>}
            <Group justify="flex-end">
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
