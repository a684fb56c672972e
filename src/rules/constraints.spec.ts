import { describe, expect, it } from '@jest/globals';
import {
  ArrayMaxSize,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  ValidateIf,
  validateSync,
} from 'class-validator';
import fc from 'fast-check';
import { Constraints } from './constraints.js';
import { Field } from './field.js';
import { amount, identifier } from './rules.js';

class Order {
  @IsInt()
  @Max(9)
  count: unknown;

  @IsOptional()
  @IsString()
  @Length(1, 3)
  note: unknown;

  @ValidateIf(({ count }: Order) => count === 7)
  @IsString()
  reason: unknown;
}

class Payment extends Order {
  @Field(amount(1))
  amount: unknown;

  @Field(identifier, { optional: true })
  shopTransactionId: unknown;
}

const valueOf = fc.oneof(
  fc.constantFrom(undefined, null, 0, 7, 9, 10, 1.5, '', 'abc', 'abcd', 'order-1001', '4111111111111111', []),
  fc.integer(),
  fc.string(),
);

describe('the constraints of a class', () => {
  it.each([[Order], [Payment]])('judge as validateSync does: %p', (type) => {
    const constraints = new Constraints(type);
    const fields = {
      count: valueOf,
      note: valueOf,
      reason: valueOf,
      amount: valueOf,
      shopTransactionId: valueOf,
    };
    fc.assert(
      fc.property(fc.record(fields), (values) => {
        const instance = Object.assign(new type(), values);
        const errors = validateSync(instance, { forbidUnknownValues: false });
        expect(constraints.areMetBy(instance)).toBe(errors.length === 0);
      }),
      { seed: 8, numRuns: 2_000 },
    );
  });

  it('are refused where there is a decorator that would be overlooked', () => {
    class List {
      @IsString({ each: true })
      @ArrayMaxSize(3)
      items: unknown;
    }
    expect(() => new Constraints(List)).toThrow(TypeError);
  });
});
