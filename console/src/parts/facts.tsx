import { DataList } from '@mantine/core';
import type { ReactNode } from 'react';

/** Names and values; values that are missing are left out. */
export function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [name: string, value: ReactNode])[];
}): ReactNode {
  return (
    <DataList size="sm" className="facts" labelWidth="min(145px, 40%)" gap="xs">
      {facts
        .filter(([, value]) => value !== undefined && value !== null && value !== false && value !== '')
        .map(([name, value]) => (
          <DataList.Item key={name}>
            <DataList.ItemLabel>{name}</DataList.ItemLabel>
            <DataList.ItemValue className="foreign">{value}</DataList.ItemValue>
          </DataList.Item>
        ))}
    </DataList>
  );
}
