import { getMetadataStorage, type ValidationArguments, ValidationTypes } from 'class-validator';

type Condition = (holder: object, value: unknown) => boolean;

interface Constraint {
  readonly arguments: readonly unknown[];
  validate(value: unknown, context: ValidationArguments): boolean;
}

interface PropertyConstraints {
  readonly property: string;
  /** Of `ValidateIf`: where one says no, nothing else is asked. */
  readonly conditions: readonly Condition[];
  readonly constraints: readonly Constraint[];
}

/** All that class-validator's decorators say of a class. */
function metadataOf(type: new () => object) {
  return getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
}

/** The names of the decorated properties. */
export function decoratedProperties(type: new () => object): readonly string[] {
  return [...new Set(metadataOf(type).map(({ propertyName }) => propertyName))];
}

/**
 * class-validator's own constraints on the instances of a class, called one after the other. Its `validateSync` builds a
 * dozen lists for each property of each object, which takes ten times as long; it is needed where something is wrong only, to say what.
 */
export class Constraints {
  readonly #type: string;
  readonly #properties: readonly PropertyConstraints[];

  /** @throws TypeError for kinds of decorators that are not known here: none is overlooked */
  constructor(type: new () => object) {
    this.#type = type.name;
    this.#properties = decoratedProperties(type).map((property) => propertyConstraints(type, property));
  }

  /** True where `validateSync` would find no error. */
  areMetBy(instance: object): boolean {
    for (const { property, conditions, constraints } of this.#properties) {
      const value = (instance as Record<string, unknown>)[property];
      if (!conditions.every((condition) => condition(instance, value))) continue;
      for (const constraint of constraints) {
        const context = {
          targetName: this.#type,
          property,
          object: instance,
          value,
          constraints: constraint.arguments as unknown[],
        };
        if (!constraint.validate(value, context)) return false;
      }
    }
    return true;
  }
}

function propertyConstraints(type: new () => object, property: string): PropertyConstraints {
  const conditions: Condition[] = [];
  const constraints: Constraint[] = [];
  for (const metadata of metadataOf(type).filter(({ propertyName }) => propertyName === property)) {
    const known =
      metadata.type === ValidationTypes.CONDITIONAL_VALIDATION ||
      metadata.type === ValidationTypes.CUSTOM_VALIDATION;
    if (!known || metadata.each || metadata.validateIf) {
      throw new TypeError(
        `${type.name}.${property} has a decorator that is not known here: ${metadata.type}`,
      );
    }
    const given = (metadata.constraints ?? []) as readonly unknown[];
    if (metadata.type === ValidationTypes.CONDITIONAL_VALIDATION) conditions.push(given[0] as Condition);
    else constraints.push(...validatorsOf(metadata.constraintCls, given));
  }
  return { property, conditions, constraints };
}

// oxlint-disable-next-line typescript/no-unsafe-function-type -- class-validator's own type of a constraint class
function validatorsOf(constraintClass: Function, given: readonly unknown[]): Constraint[] {
  return getMetadataStorage()
    .getTargetValidatorConstraints(constraintClass)
    .map(({ instance, async }) => {
      if (async) throw new TypeError('a constraint that answers later cannot be asked here');
      return {
        arguments: given,
        validate: (value, context) => instance.validate(value, context) as boolean,
      };
    });
}
