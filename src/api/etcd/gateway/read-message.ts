import { status } from '@grpc/grpc-js';
import { unreachable } from '../../../foundation/assert.ts';
import { type ByteString, byteString } from '../../../foundation/bytes.ts';
import type { AnySchema, Field } from '../../../protocol/etcd/schema.ts';
import { EtcdError } from '../etcd-error.ts';
import type { Json, JsonNumber, JsonObject } from './json-reader.ts';

type Fields = ReadonlyMap<string, readonly [name: string, field: Field<unknown>]>;

/**
 * A message from its proto3 JSON form: fields by the API's names or those in lowerCamelCase, integers as numbers or strings, bytes in base64,
 * enum values by name or number; unknown fields are skipped, null is an absent field. Fails with INVALID_ARGUMENT in etcd's words.
 */
export function readMessage(schema: AnySchema, json: Json): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  if (json === null) return found;
  if (!isObject(json)) throw mismatch(json, 'map[string]json.RawMessage');
  const fields = fieldsOf(schema);
  for (const [key, value] of json) {
    const known = fields.get(key);
    if (known === undefined || value === null) continue;
    const [name, field] = known;
    if (!field.repeated) found[name] = readValue(schema, name, field, value);
    else if (!Array.isArray(value)) throw mismatch(value, '[]json.RawMessage');
    else found[name] = value.map((each: Json) => readValue(schema, name, field, each));
  }
  return found;
}

function readValue(schema: AnySchema, name: string, field: Field<unknown>, json: Json): unknown {
  switch (field.type) {
    case 'int':
      return Number(clamp(integer(json, 'int64', -(2n ** 63n), 2n ** 63n - 1n)));
    case 'id':
      return integer(json, 'uint64', 0n, 2n ** 64n - 1n);
    case 'lease':
      return BigInt.asUintN(64, integer(json, 'int64', -(2n ** 63n), 2n ** 63n - 1n));
    case 'bool':
      if (typeof json !== 'boolean') throw mismatch(json, 'bool');
      return json;
    case 'bytes':
      if (typeof json !== 'string') throw mismatch(json, '[]uint8');
      return bytes(json);
    case 'text':
      if (typeof json !== 'string') throw mismatch(json, 'string');
      return json;
    case 'enum':
      return enumName(`${schema.name}.${name}`, field, json);
    case 'message':
      if (json === null) throw mismatch(json, field.schema().name);
      return readMessage(field.schema(), json);
    default:
      return unreachable(field.type);
  }
}

function integer(json: Json, type: string, least: bigint, most: bigint): bigint {
  const digits = typeof json === 'string' ? json : isNumber(json) ? json.digits : null;
  if (digits === null) throw mismatch(json, type);
  if (digits === '') throw invalid('unexpected end of JSON input');
  if (digits.length <= 20 && /^-?(?:0|[1-9]\d*)$/.test(digits)) {
    const value = BigInt(digits);
    if (value >= least && value <= most) return value;
  } else if (!/^-?\d/.test(digits)) {
    throw invalid(`invalid character '${digits[0]}' looking for beginning of value`);
  }
  throw invalid(`json: cannot unmarshal number ${digits.slice(0, 40)} into Go value of type ${type}`);
}

/** Messages hold whole numbers as JavaScript does; no revision and no limit comes near. */
function clamp(value: bigint): bigint {
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  if (value > most) return most;
  return value < -most ? -most : value;
}

function bytes(base64: string): ByteString {
  const text = /[\r\n]/.test(base64) ? base64.replaceAll(/[\r\n]/g, '') : base64;
  const wrong = text.search(/[^A-Za-z0-9+/=]|=(?!=?$)/);
  if (wrong >= 0) throw invalid(`illegal base64 data at input byte ${wrong}`);
  if (text.length % 4 !== 0)
    throw invalid(`illegal base64 data at input byte ${text.length - (text.length % 4)}`);
  return byteString(Buffer.from(text, 'base64'));
}

function enumName(where: string, field: Field<unknown>, json: Json): string {
  if (typeof json !== 'string' && !isNumber(json)) throw mismatch(json, where);
  const name = typeof json === 'string' ? json : field.names[Number(json.digits)];
  if (name !== undefined && field.names.includes(name)) return name;
  throw invalid(
    `unknown value ${typeof json === 'string' ? JSON.stringify(json) : json.digits} for enum ${where}`,
  );
}

const known = new WeakMap<AnySchema, Fields>();

function fieldsOf(schema: AnySchema): Fields {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const fields = new Map<string, readonly [string, Field<unknown>]>();
  for (const [name, field] of Object.entries(schema.fields)) {
    fields.set(name, [name, field]);
    fields.set(
      name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      [name, field],
    );
  }
  known.set(schema, fields);
  return fields;
}

function isObject(json: Json): json is JsonObject {
  return json instanceof Map;
}

function isNumber(json: Json): json is JsonNumber {
  return typeof json === 'object' && json !== null && 'digits' in json;
}

function mismatch(json: Json, type: string): EtcdError {
  return invalid(`json: cannot unmarshal ${kindOf(json)} into Go value of type ${type}`);
}

function kindOf(json: Json): string {
  if (json === null) return 'null';
  if (typeof json === 'boolean') return 'bool';
  if (typeof json === 'string') return 'string';
  if (isNumber(json)) return 'number';
  return isObject(json) ? 'object' : 'array';
}

function invalid(text: string): EtcdError {
  return new EtcdError(status.INVALID_ARGUMENT, text);
}
