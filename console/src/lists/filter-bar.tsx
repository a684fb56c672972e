import { Button, Collapse, Group, NativeSelect, TextInput, type TextInputProps } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { useSearchParams } from 'react-router';
import { externalsQuery } from '../api/queries';
import { formatAmount, parseAmount } from '../format/money';
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
  switch (filter.kind) {
    case 'external':
      return <ExternalInput filter={filter} value={value} onChange={onChange} />;
    case 'time':
      return <TimeInput filter={filter} value={value} onChange={onChange} />;
    case 'amount':
      return <AmountInput filter={filter} value={value} onChange={onChange} />;
    case 'code':
      return (
        <TypedInput
          label={filter.label}
          shown={value}
          onType={(text) => onChange(text.trim().toUpperCase())}
        />
      );
    case 'text':
    case undefined:
      return <TypedInput label={filter.label} shown={value} onType={(text) => onChange(text.trim())} />;
    default:
      return filter.kind satisfies never;
  }
}

function ChoiceInput({ filter, value, onChange }: InputProps): ReactNode {
  return (
    <NativeSelect
      size="xs"
      maw={200}
      label={filter.label}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
      data={[
        { value: '', label: texts.lists.any },
        ...(filter.options ?? []).map((option) => ({
          value: option,
          label: filter.words?.[option] ?? option,
        })),
      ]}
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

function TimeInput({ filter, value, onChange }: InputProps): ReactNode {
  return (
    <TypedInput
      type="datetime-local"
      w={190}
      label={filter.label}
      shown={toLocalInput(value)}
      onType={(text) => onChange(fromLocalInput(text) ?? '')}
    />
  );
}

/** An amount in units of the currency that the filter beside it names; without one in minor units, as the API has it. */
function AmountInput({ filter: { label }, value, onChange }: InputProps): ReactNode {
  const [parameters] = useSearchParams();
  const [isWrong, setWrong] = useState(false);
  const currency = parameters.get('currency')?.toUpperCase() ?? '';
  const isMinor = !/^[A-Z]{3}$/.test(currency);
  const { lists } = texts;
  const read = (text: string): void => {
    const minor = isMinor ? text.trim() : String(parseAmount(text, currency) ?? '');
    const isRead = text.trim() === '' || /^\d+$/.test(minor);
    setWrong(!isRead);
    if (isRead) onChange(minor);
  };
  return (
    <TypedInput
      label={`${label} (${isMinor ? lists.minorUnits : currency})`}
      shown={isMinor || !/^\d+$/.test(value) ? value : formatAmount(Number(value), currency)}
      onType={read}
      inputMode="decimal"
      error={isWrong ? (isMinor ? lists.wrongMinorUnits : lists.wrongAmount) : undefined}
    />
  );
}

interface TypedProps extends Pick<TextInputProps, 'type' | 'w' | 'inputMode' | 'error'> {
  readonly label: string;
  /** The text of the value in the address. */
  readonly shown: string;
  /** It was left, or Enter was pressed. */
  readonly onType: (text: string) => void;
}

function TypedInput({ shown, onType, ...props }: TypedProps): ReactNode {
  const [text, setText] = useState(shown);
  useEffect(() => setText(shown), [shown]);
  return (
    <TextInput
      size="xs"
      w={150}
      {...props}
      value={text}
      onChange={({ currentTarget }) => setText(currentTarget.value)}
      onBlur={() => onType(text)}
      onKeyDown={({ key }) => {
        if (key === 'Enter') onType(text);
      }}
      autoComplete="off"
    />
  );
}
