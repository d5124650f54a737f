import { WireReader } from '../protocol/parts/wire-reader.ts';
import { WireWriter } from '../protocol/parts/wire-writer.ts';
import type { RaftMessage } from '../raft/message.ts';
import { type Hello, readHello, writeHello } from './peer-wire.ts';
import { messageBound, readMessage, writeMessage } from './raft-wire.ts';

/** What the calling side of a message stream says at once. Its first envelope has `hello` and nothing else. */
export interface Envelope {
  readonly hello: Hello | null;
  readonly messages: readonly RaftMessage[];
  /** To be echoed at once; 0: nothing to echo. */
  readonly ping: number;
}

export function encodeHelloEnvelope(hello: Hello): Buffer {
  const writer = new WireWriter(256);
  writeHello(writer, 1, hello);
  return writer.finish();
}

export function encodeEnvelope(messages: readonly RaftMessage[], ping: number): Buffer {
  let bound = 16;
  for (const message of messages) bound += messageBound(message);
  const writer = new WireWriter(bound);
  for (const message of messages) writeMessage(writer, 2, message);
  writer.uint(3, ping);
  return writer.finish();
}

/** Fails with `invalid-argument` on anything that is not one. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const reader = new WireReader(bytes);
  let hello: Hello | null = null;
  const messages: RaftMessage[] = [];
  let ping = 0;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        hello = readHello(reader);
        break;
      case 2:
        messages.push(readMessage(reader));
        break;
      case 3:
        ping = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  return { hello, messages, ping };
}
