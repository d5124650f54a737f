import type { AnySchema } from '../../../src/protocol/etcd/schema.ts';
import {
  authpb,
  etcdserverpb,
  mvccpb,
  v3electionpb,
  v3lockpb,
} from '../../../src/protocol/generated/messages.js';

interface GeneratedType {
  fromObject(plain: object): object;
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  toObject(message: object, options: object): object;
}

const packages = { authpb, etcdserverpb, mvccpb, v3electionpb, v3lockpb } as unknown as Record<
  string,
  Record<string, GeneratedType>
>;

export function generatedType(name: string): GeneratedType {
  const [folder, message] = name.split('.') as [string, string];
  return packages[folder]![message]!;
}

/** What protobufjs calls a field of etcd's. */
export function generatedName(field: string): string {
  return field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** A message of ours as protobufjs takes it. */
export function toGenerated(schema: AnySchema, message: Record<string, unknown>): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.fields)) {
    const value = message[name];
    if (value === undefined || value === null) continue;
    const convert = (each: unknown): unknown => {
      switch (field.type) {
        case 'bytes':
          return Buffer.from(each as string, 'latin1');
        case 'int':
        case 'id':
          return String(each);
        case 'lease':
          return String(BigInt.asIntN(64, each as bigint));
        case 'message':
          return toGenerated(field.schema(), each as Record<string, unknown>);
        default:
          return each;
      }
    };
    plain[generatedName(name)] = field.repeated ? (value as unknown[]).map(convert) : convert(value);
  }
  return plain;
}
