import { type ByteString, emptyBytes } from '../../foundation/bytes.ts';
import { noLease } from '../../foundation/ids.ts';

/**
 * A field of a message as etcd's API describes it. `int`: a whole number as JavaScript has it, clamped to ±(2^53 - 1); `id`: an unsigned 64
 * bit number; `lease`: a signed 64 bit number, here as Tanist's unsigned lease id with the same bits.
 */
export type FieldType = 'int' | 'id' | 'lease' | 'bool' | 'bytes' | 'text' | 'enum' | 'message';

export interface Field<Read, Given = Read> {
  readonly number: number;
  readonly type: FieldType;
  readonly repeated: boolean;
  /** Of a `oneof`: null when it is not there, and written even when it has its default value. */
  readonly optional: boolean;
  /** Of an enum: the names of 0, 1, … */
  readonly names: readonly string[];
  /** Of an enum: what Go calls it, for error texts. */
  readonly goType: string;
  /** Of a message. */
  readonly schema: () => AnySchema;
  readonly absent: unknown;
  /** For the compiler alone. */
  readonly read?: Read;
  readonly given?: Given;
}

// biome-ignore lint/suspicious/noExplicitAny: only so can a schema of any fields be named.
export type AnySchema = Schema<Record<string, Field<any, any>>>;

/** A message: its fields by the names that the JSON gateway uses as well, so they are spelled as in etcd's API. */
export interface Schema<Fields> {
  readonly name: string;
  readonly fields: Fields;
  readonly byNumber: ReadonlyMap<number, readonly [name: string, field: Field<unknown>]>;
  /** Its fields are messages of which one is there at most: the last that is read. */
  readonly isUnion: boolean;
}

/** What decoding gives: every field is there. */
export type Message<S> =
  S extends Schema<infer F>
    ? { readonly [K in keyof F]: F[K] extends Field<infer Read, infer _> ? Read : never }
    : never;
/** What encoding takes: fields left out have their default value. */
export type Given<S> =
  S extends Schema<infer F>
    ? { readonly [K in keyof F]?: F[K] extends Field<infer _, infer Write> ? Write : never }
    : never;

const none = (): never => {
  throw new TypeError('not a message field');
};

function field<Read>(number: number, type: FieldType, absent: Read): Field<Read> {
  return { number, type, repeated: false, optional: false, names: [], goType: '', schema: none, absent };
}

export const int = (number: number): Field<number> => field(number, 'int', 0);
export const id = (number: number): Field<bigint> => field(number, 'id', 0n);
export const lease = (number: number): Field<bigint> => field<bigint>(number, 'lease', noLease);
export const bool = (number: number): Field<boolean> => field(number, 'bool', false);
export const bytes = (number: number): Field<ByteString> => field(number, 'bytes', emptyBytes);
export const text = (number: number): Field<string> => field(number, 'text', '');
export const oneOf = <const N extends readonly [string, ...string[]]>(
  number: number,
  goType: string,
  ...names: N
): Field<N[number]> => ({ ...field<N[number]>(number, 'enum', names[0]), names, goType });
/** Null when it is not there. */
export const message = <S extends AnySchema>(
  number: number,
  schema: S,
): Field<Message<S> | null, Given<S> | null> => {
  const { given: _, ...rest } = field<Message<S> | null>(number, 'message', null);
  return { ...rest, schema: () => schema };
};
/** For a message that contains itself. */
export const recursive = (number: number, schema: () => AnySchema): Field<object | null> => ({
  ...field<object | null>(number, 'message', null),
  schema,
});
export const many = <Read, Write>(
  of: Field<Read, Write>,
): Field<readonly NonNullable<Read>[], readonly NonNullable<Write>[]> => ({
  number: of.number,
  type: of.type,
  repeated: true,
  optional: false,
  names: of.names,
  goType: of.goType,
  schema: of.schema,
  absent: [],
});
export const optional = <T>(of: Field<T>): Field<T | null> => ({
  number: of.number,
  type: of.type,
  repeated: false,
  optional: true,
  names: of.names,
  goType: of.goType,
  schema: of.schema,
  absent: null,
});

export function schema<const Fields extends Record<string, Field<unknown, unknown>>>(
  name: string,
  fields: Fields,
  isUnion = false,
): Schema<Fields> {
  const byNumber = new Map(
    Object.entries(fields).map(([key, each]) => [each.number, [key, each as Field<unknown>] as const]),
  );
  return { name, fields, byNumber, isUnion };
}

/** All that is in it is one `oneof` of messages. */
export const union = <const Fields extends Record<string, Field<unknown, unknown>>>(
  name: string,
  fields: Fields,
): Schema<Fields> => schema(name, fields, true);
