import { Button, Code, Collapse, CopyButton, Group, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { jsonText } from '../format/json';
import { texts } from '../texts/en';

/** The answer of the API, one click away. */
export function Json({ value }: { readonly value: unknown }): ReactNode {
  const [opened, { toggle }] = useDisclosure(false);
  const text = jsonText(value, 2);
  return (
    <Stack gap="xs">
      <Group>
        <Button size="xs" variant="default" onClick={toggle} aria-expanded={opened}>
          {texts.payment.showJson}
        </Button>
        {opened && (
          <CopyButton value={text}>
            {({ copied, copy }) => (
              <Button size="xs" variant="default" onClick={copy}>
                {copied ? texts.payment.copied : texts.payment.copy}
              </Button>
            )}
          </CopyButton>
        )}
      </Group>
      <Collapse expanded={opened}>
        {opened && (
          <Code block className="json foreign" tabIndex={0} role="region" aria-label={texts.payment.json}>
            {text}
          </Code>
        )}
      </Collapse>
    </Stack>
  );
}
