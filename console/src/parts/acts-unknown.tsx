import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { externalsQuery, meQuery } from '../api/queries';
import { texts } from '../texts/en';

/** Says why acts are missing: neither the scopes nor the external are known before the gateway has answered. */
export function ActsUnknown(): ReactNode {
  const me = useQuery(meQuery);
  const externals = useQuery(externalsQuery);
  const failed = [me, externals].some(({ data, error }) => data === undefined && error !== null);
  return failed ? (
    <Text size="sm" role="status">
      {texts.payment.actsUnknown} {texts.states.keepsTrying}
    </Text>
  ) : null;
}
