import { Text, type TextProps } from '@mantine/core';
import type { ReactNode } from 'react';
import { formatMoney } from '../format/money';

interface Props extends TextProps {
  /** Minor units. */
  readonly amount: number | undefined;
  readonly currency: string | undefined;
}

/** An amount as a person writes it. */
export function Money({ amount, currency, ...props }: Props): ReactNode {
  return (
    <Text component="span" className="tabular" {...props}>
      {formatMoney(amount, currency)}
    </Text>
  );
}
