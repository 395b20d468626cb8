import { type Static, type TSchema, type TUnsafe, Type } from 'typebox';

type Deep<T> = T extends object ? { readonly [Key in keyof T]: Deep<T[Key]> } : T;
type IsSame<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** A schema of just this type: one that allows more or less does not compile. */
export function shape<T>(): <S extends TSchema>(
  name: string,
  schema: IsSame<Deep<Static<S>>, Deep<T>> extends true ? S : never,
) => TUnsafe<T> {
  return (name, schema) => Type.Unsafe<T>({ $id: name, title: name, ...(schema as TSchema) });
}

/** A named schema where it is used. */
export function ref<T>(named: TUnsafe<T>): TUnsafe<T> {
  return Type.Unsafe<T>({ $ref: `${(named as { readonly $id?: string }).$id}#` });
}

/** Of every object: what is not named does not go through. */
export const closed: { readonly additionalProperties: false } = { additionalProperties: false };

export function text(description: string): Type.TString {
  return Type.String({ description });
}

export function count(description: string): Type.TInteger {
  return Type.Integer({ minimum: 0, description });
}

export function time(description: string): Type.TString {
  return Type.String({ format: 'date-time', description, examples: ['2026-11-23T17:00:00.000Z'] });
}

export function oneOf<const Values extends string[]>(
  values: readonly [...Values],
  description: string,
): Type.TEnum<Values> {
  return Type.Enum(values, { type: 'string', description });
}

/** The projects of a grant. */
export function projects(description: string): Type.TUnion<[Type.TLiteral<'all'>, Type.TArray<Type.TString>]> {
  const names = Type.Array(Type.String({ maxLength: 256 }), { minItems: 1, maxItems: 100 });
  return Type.Union([Type.Literal('all'), names], { description, examples: [['station']] });
}

/** Something that is shown once and kept nowhere that it can be read from: an answer that has it is not kept either. */
export function secret(description: string, example: string): Type.TString {
  return Type.String({ format: 'password', description, examples: [example] });
}

export function sha256(description = 'SHA-256 in lower-case hex'): Type.TString {
  return Type.String({ pattern: '^[0-9a-f]{64}$', description });
}
