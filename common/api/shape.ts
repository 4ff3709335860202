/*
 * Building blocks of the API's schemas. In: descriptions. Out: schemas, and the types that follow from them.
 */
import { Type, type Static, type TSchema } from '../model/schema';

/** JSON of this schema, read-only. */
export type Shape<S extends TSchema> = Frozen<Static<S>>;

type Frozen<T> = unknown extends T ? T : { readonly [K in keyof T]: Frozen<T[K]> };

export const Text = Type.String();
export const Integer = Type.Integer();

export function oneOf<const T extends string>(values: readonly T[], description?: string) {
  return Type.Unsafe<T>({
    type: 'string',
    enum: values,
    ...(description === undefined ? {} : { description }),
  });
}

/** Optional query parameters. */
export const second = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }));
export const flag = (description: string) => Type.Optional(Type.Boolean({ description }));
export const whole = (minimum: number, maximum: number, description: string) =>
  Type.Optional(Type.Integer({ minimum, maximum, description }));
export const choice = <const T extends string>(values: readonly T[], description: string) =>
  Type.Optional(oneOf(values, description));
export const list = (description: string) =>
  Type.Optional(
    Type.String({ description: `${description}: separated by commas, or the parameter several times` }),
  );
