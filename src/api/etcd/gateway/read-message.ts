import { status } from '@grpc/grpc-js';
import { unreachable } from '../../../foundation/assert.ts';
import { type ByteString, byteString } from '../../../foundation/bytes.ts';
import type { AnySchema, Field } from '../../../protocol/etcd/schema.ts';
import { EtcdError } from '../etcd-error.ts';
import { quotedByte, wrongByte } from './go-texts.ts';
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
    if (!field.repeated) found[name] = readValue(field, value);
    else if (Array.isArray(value)) found[name] = value.map((each: Json) => readValue(field, each));
    else if (field.type !== 'enum' || typeof value !== 'string') throw mismatch(value, '[]json.RawMessage');
    else {
      enumName(field, value);
      throw invalid(`invalid target "slice" for enum ${field.goType}`);
    }
  }
  return found;
}

function readValue(field: Field<unknown>, json: Json): unknown {
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
      return enumName(field, json);
    case 'message':
      if (json === null) throw mismatch(json, field.schema().name);
      return readMessage(field.schema(), json);
    default:
      return unreachable(field.type);
  }
}

function integer(json: Json, type: string, least: bigint, most: bigint): bigint {
  const given = typeof json === 'string' ? json : isNumber(json) ? json.digits : null;
  if (given === null) throw mismatch(json, type);
  const digits = /\s/.test(given) ? given.replaceAll(/^[ \t\n\r]+|[ \t\n\r]+$/g, '') : given;
  if (digits === '') throw invalid('unexpected end of JSON input');
  if (digits.length <= 20 && /^-?(?:0|[1-9]\d*)$/.test(digits)) {
    const value = BigInt(digits);
    if (value >= least && value <= most) return value;
  } else if (/^-?(?:0\d|\d+[^\d.eE])/.test(digits)) {
    const rest = digits.replace(/^-?(?:0|[1-9]\d*)/, '');
    throw invalid(`invalid character ${quotedByte(rest)} after top-level value`);
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
  if (text.length % 4 !== 0 || /[^A-Za-z0-9+/=]|=(?!=?$)/.test(text))
    throw invalid(`illegal base64 data at input byte ${wrongByte(base64)}`);
  return byteString(Buffer.from(text, 'base64'));
}

function enumName(field: Field<unknown>, json: Json): string {
  const { names, goType } = field;
  if (typeof json !== 'string' && !isNumber(json)) throw mismatch(json, goType);
  if (isNumber(json) && !/^-?\d+$/.test(json.digits)) throw mismatch(json, goType, json.digits);
  const name = typeof json === 'string' ? json : names[Number(json.digits)];
  if (name !== undefined && names.includes(name)) return name;
  throw invalid(
    `unknown value ${typeof json === 'string' ? JSON.stringify(json) : json.digits} for enum ${goType}`,
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

function mismatch(json: Json, type: string, digits = ''): EtcdError {
  const what = digits === '' ? kindOf(json) : `${kindOf(json)} ${digits}`;
  return invalid(`json: cannot unmarshal ${what} into Go value of type ${type}`);
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
