import { tanist } from '../../src/protocol/generated/messages.js';

interface GeneratedType {
  fromObject(plain: object): object;
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  toObject(message: object, options: object): object;
}
const types = tanist.v1 as unknown as Record<string, GeneratedType>;

/** The bytes that the generated code makes of a plain object. */
export function generatedBytes(type: string, plain: object): Uint8Array {
  const codec = types[type]!;
  return codec.encode(codec.fromObject(plain)).finish();
}

/** What the generated code reads, with all defaults spelled out. */
export function generatedView(type: string, bytes: Uint8Array): object {
  const codec = types[type]!;
  return codec.toObject(codec.decode(bytes), { longs: String, enums: String, bytes: Array, defaults: true });
}
