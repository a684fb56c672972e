import { Button, Collapse, Group, NativeSelect, TextInput } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { useSearchParams } from 'react-router';
import { externalsQuery } from '../api/queries';
import { fromLocalInput, toLocalInput } from '../format/time';
import { texts } from '../texts/en';
import { type Filter, filtersIn, withParameter } from './list-definition';

/** The filters of a list. A choice applies at once, a text when it is left or Enter is pressed. */
export function FilterBar({ filters }: { readonly filters: readonly Filter[] }): ReactNode {
  const [parameters, setParameters] = useSearchParams();
  const set = (name: string, value: string): void => {
    if ((parameters.get(name) ?? '') !== value) setParameters(withParameter(parameters, name, value));
  };
  const given = filtersIn(parameters, filters);
  // On a narrow screen the filters would fill it.
  const isNarrow = useMediaQuery('(max-width: 48em)');
  const [opened, { toggle }] = useDisclosure(false);
  const count = Object.keys(given).length;
  return (
    <search aria-label={texts.lists.filters}>
      {isNarrow && (
        <Button size="xs" variant="default" onClick={toggle} aria-expanded={opened}>
          {texts.lists.filters}
          {count > 0 && ` (${count})`}
        </Button>
      )}
      <Collapse expanded={!isNarrow || opened}>
        <Group gap="xs" align="flex-end" mt={isNarrow ? 'xs' : 0}>
          {filters.map((filter) => (
            <FilterInput
              key={filter.name}
              filter={filter}
              value={given[filter.name] ?? ''}
              onChange={(value) => set(filter.name, value)}
            />
          ))}
          {count > 0 && (
            <Button
              size="xs"
              variant="default"
              onClick={() =>
                setParameters(
                  filters.reduce((changed, { name }) => withParameter(changed, name, ''), parameters),
                )
              }
            >
              {texts.lists.clear}
            </Button>
          )}
        </Group>
      </Collapse>
    </search>
  );
}

interface InputProps {
  readonly filter: Filter;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function FilterInput({ filter, value, onChange }: InputProps): ReactNode {
  if (filter.options) return <ChoiceInput filter={filter} value={value} onChange={onChange} />;
  if (filter.kind === 'external') return <ExternalInput filter={filter} value={value} onChange={onChange} />;
  return <TextFilterInput filter={filter} value={value} onChange={onChange} />;
}

function ChoiceInput({ filter, value, onChange }: InputProps): ReactNode {
  return (
    <NativeSelect
      size="xs"
      maw="100%"
      label={filter.label}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
      data={[{ value: '', label: texts.lists.any }, ...(filter.options ?? [])]}
    />
  );
}

function ExternalInput({ filter, value, onChange }: InputProps): ReactNode {
  const { data } = useQuery(externalsQuery);
  const names = data?.items.map(({ external }) => external) ?? [];
  // The address may name an external that is no longer configured.
  const options = value === '' || names.includes(value) ? names : [...names, value];
  return <ChoiceInput filter={{ ...filter, options }} value={value} onChange={onChange} />;
}

function TextFilterInput({ filter, value, onChange }: InputProps): ReactNode {
  const isTime = filter.kind === 'time';
  const shown = isTime && value !== '' ? toLocalInput(value) : value;
  const [text, setText] = useState(shown);
  useEffect(() => setText(shown), [shown]);
  const apply = (typed: string): void => onChange(isTime ? (fromLocalInput(typed) ?? '') : typed.trim());
  return (
    <TextInput
      size="xs"
      w={isTime ? 190 : 150}
      type={isTime ? 'datetime-local' : 'text'}
      label={filter.label}
      value={text}
      onChange={({ currentTarget }) => setText(currentTarget.value)}
      onBlur={() => apply(text)}
      onKeyDown={({ key }) => {
        if (key === 'Enter') apply(text);
      }}
      inputMode={filter.kind === 'number' ? 'numeric' : undefined}
      autoComplete="off"
    />
  );
}
