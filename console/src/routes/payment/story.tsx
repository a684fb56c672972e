import { Code, Group, Stack, Switch, Text, Timeline } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { PaymentDetail } from '../../api/records';
import { Copyable } from '../../parts/copyable';
import { Time } from '../../parts/time';
import { TraceId } from '../../parts/trace-link';
import { texts } from '../../texts/en';
import { type StoryStep, storySteps } from './story-steps';

/** The history of a payment as a timeline. */
export function Story({ payment }: { readonly payment: PaymentDetail }): ReactNode {
  const [newestFirst, setNewestFirst] = useState(false);
  const steps = storySteps(payment);
  const shown = newestFirst ? steps.toReversed() : steps;
  return (
    <Stack>
      <Switch
        label={texts.payment.newestFirst}
        checked={newestFirst}
        onChange={({ currentTarget: { checked } }) => setNewestFirst(checked)}
      />
      <Timeline bulletSize={16} lineWidth={2} active={shown.length}>
        {shown.map((step) => (
          <Timeline.Item
            key={step.key}
            title={
              <Text component="h3" fz="sm" fw={600} m={0}>
                {texts.payment.happenings[step.what] ?? step.what}
              </Text>
            }
            color={COLORS[step.tone]}
          >
            <Step step={step} />
          </Timeline.Item>
        ))}
      </Timeline>
    </Stack>
  );
}

const COLORS = { plain: 'blue', good: 'green', bad: 'red' } as const;

function Step({ step: { at, text, said, requestId, traceId } }: { readonly step: StoryStep }): ReactNode {
  return (
    <Stack gap={2}>
      <Text size="sm" className="foreign">
        {text}
      </Text>
      {said !== undefined && (
        <>
          {/* The label of the text below, which readers of screens have from there. */}
          <Text size="xs" c="dimmed" aria-hidden="true">
            {said.label}
          </Text>
          <Code block className="json foreign" mah="12rem" tabIndex={0} aria-label={said.label} role="group">
            {said.text}
          </Code>
        </>
      )}
      <Group gap="md">
        <Text component="span" c="dimmed">
          <Time at={at} />
        </Text>
        {requestId !== undefined && <Copyable value={requestId} label={texts.payment.requestId} />}
        {traceId !== undefined && <TraceId value={traceId} label={texts.payment.traceId} />}
      </Group>
    </Stack>
  );
}
