import protobuf from 'protobufjs';
import protoJson from 'protobufjs/ext/protojson.js';

type Fields = { [name: string]: unknown };

/**
 * A message as canonical proto3 JSON (protobuf.dev/programming-guides/json): 64-bit integers and bytes (base64) as text, enums by name, `json_name`s, the forms of
 * Timestamp, Duration, FieldMask, Struct, Any and the wrappers. Fields at their defaults are told, too, where the schema does not tell them from absent ones (numbers, text,
 * enums, lists, maps): an origin that says 0 is mirrored as 0. Others (messages, `optional`, members of a oneof) are left out where they are absent.
 */
export function messageJson(type: protobuf.Type, message: protobuf.Message): unknown {
  return withDefaults(type, message as unknown as Fields, protoJson.toJson(type, message));
}

/** From proto3 JSON; names as in the proto file are taken, too. Throws where it does not fit. */
export function messageOf(type: protobuf.Type, json: unknown): protobuf.Message {
  return protoJson.fromJson(type, json);
}

/** `toJson` leaves out what is at its default; `message` and `json` are the same one. */
function withDefaults(type: protobuf.Type, message: Fields, json: unknown): unknown {
  if (type.fullName.startsWith('.google.protobuf.')) return json;
  const out = json as Fields;
  for (const field of type.fieldsArray) {
    const { name, jsonName, resolvedType } = field.resolve() as protobuf.Field & {
      readonly jsonName: string;
    };
    const value = message[name];
    const told = out[jsonName];
    if (told === undefined) {
      if (field.map) out[jsonName] = {};
      else if (field.repeated) out[jsonName] = [];
      else if (field.hasPresence === false && !(resolvedType instanceof protobuf.Type))
        out[jsonName] = defaultJson(field);
    } else if (resolvedType instanceof protobuf.Type) {
      if (field.map) {
        for (const [key, each] of Object.entries(value as Fields))
          withDefaults(resolvedType, each as Fields, (told as Fields)[mapKey(field, key)]);
      } else if (field.repeated)
        for (const [i, each] of (told as unknown[]).entries())
          withDefaults(resolvedType, (value as Fields[])[i] as Fields, each);
      else withDefaults(resolvedType, value as Fields, told);
    }
  }
  return out;
}

/** 64-bit keys are kept as their bytes. */
function mapKey(field: protobuf.Field, key: string): string {
  const { keyType } = field as unknown as protobuf.MapField;
  return /64$/.test(keyType) ? protobuf.util.longFromKey(key, /^u|^fixed/.test(keyType)).toString() : key;
}

function defaultJson({ type, typeDefault, resolvedType }: protobuf.Field): unknown {
  if (resolvedType instanceof protobuf.Enum)
    return resolvedType.fullName === '.google.protobuf.NullValue'
      ? null
      : (resolvedType.valuesById[typeDefault as number] ?? typeDefault);
  if (type === 'bytes') return '';
  return /64$/.test(type) ? '0' : typeDefault;
}
