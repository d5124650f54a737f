import { unreachable } from '../foundation/assert.ts';
import { logIndex, type NodeId, nodeId, term } from '../foundation/ids.ts';
import type { Configuration, EntryKind, LogEntry, LogPoint } from '../ports/log-store.ts';
import { malformed, type WireReader } from '../protocol/parts/wire-reader.ts';
import type { WireWriter } from '../protocol/parts/wire-writer.ts';
import type {
  Append,
  AppendReply,
  Heartbeat,
  HeartbeatReply,
  InstallSnapshot,
  PreVoteReply,
  RaftMessage,
  ReadIndexReply,
  Vote,
  VoteReply,
} from '../raft/message.ts';

const entryKinds: readonly EntryKind[] = ['noop', 'commands', 'configuration'];
const fieldOf = {
  preVote: 4,
  preVoteReply: 5,
  vote: 6,
  voteReply: 7,
  append: 8,
  appendReply: 9,
  heartbeat: 10,
  heartbeatReply: 11,
  installSnapshot: 12,
  timeoutNow: 13,
  readIndexRequest: 14,
  readIndexReply: 15,
} as const satisfies Record<RaftMessage['type'], number>;
const preVoteReasons: readonly PreVoteReply['reason'][] = [
  'granted',
  'stale-log',
  'leader-alive',
  'old-term',
];
const voteReasons: readonly VoteReply['reason'][] = [...preVoteReasons, 'voted'] as const;
const noPoint: LogPoint = { index: logIndex(0), term: term(0) };

/** About the bytes that the message takes on the wire, rather more than fewer. */
export function messageBound(message: RaftMessage): number {
  switch (message.type) {
    case 'append': {
      let bound = 128;
      for (const entry of message.entries) bound += entry.payload.length + 40;
      return bound;
    }
    case 'heartbeat':
      return 160 + message.succession.length * 24 + message.context.length;
    case 'heartbeatReply':
      return 128 + message.context.length;
    default:
      return 160;
  }
}

/** As field `field`: `tanist.v1.PeerMessage`. Payloads of entries are copied once, into the writer. */
export function writeMessage(writer: WireWriter, field: number, message: RaftMessage): void {
  const outer = writer.begin(field, message.type === 'append' ? messageBound(message) : 0);
  writer.text(1, message.from);
  writer.text(2, message.to);
  writer.uint(3, message.term);
  const mark = writer.begin(fieldOf[message.type], message.type === 'append' ? messageBound(message) : 0);
  writeContent(writer, message);
  writer.end(mark);
  writer.end(outer);
}

function writeContent(writer: WireWriter, message: RaftMessage): void {
  switch (message.type) {
    case 'preVote':
      writePoint(writer, 1, message.last);
      writer.uint(3, message.round);
      return;
    case 'vote':
      writePoint(writer, 1, message.last);
      writer.bool(2, message.handOver);
      writer.uint(3, message.round);
      return;
    case 'preVoteReply':
    case 'voteReply':
      writer.bool(1, message.granted);
      writer.text(2, message.reason);
      writer.uint(3, message.round);
      return;
    case 'append':
      writePoint(writer, 1, message.previous);
      for (const entry of message.entries) writeEntry(writer, entry);
      writer.uint(3, message.commit);
      return;
    case 'appendReply':
      writer.bool(1, message.rejected);
      writer.uint(2, message.match);
      writePoint(writer, 3, message.hint);
      return;
    case 'heartbeat':
      writer.uint(1, message.commit);
      writer.uint(2, message.round);
      for (const id of message.succession) writer.textAlways(3, id);
      writer.raw(4, message.context);
      return;
    case 'heartbeatReply':
      writer.uint(1, message.round);
      writer.raw(2, message.context);
      return;
    case 'installSnapshot':
      writePoint(writer, 1, message.point);
      writeConfiguration(writer, 2, message.configuration);
      return;
    case 'timeoutNow':
      return;
    case 'readIndexRequest':
      writer.uint(1, message.id);
      return;
    case 'readIndexReply':
      writer.uint(1, message.id);
      writer.uint(2, message.index ?? 0);
      return;
    default:
      unreachable(message);
  }
}

export function writePoint(writer: WireWriter, field: number, point: LogPoint): void {
  const mark = writer.begin(field);
  writer.uint(1, point.index);
  writer.uint(2, point.term);
  writer.end(mark);
}

function writeEntry(writer: WireWriter, entry: LogEntry): void {
  const mark = writer.begin(2, entry.payload.length + 12);
  writer.uint(1, entry.term);
  writer.uint(2, entry.index);
  writer.uint(3, entryKinds.indexOf(entry.kind));
  writer.raw(4, entry.payload);
  writer.end(mark);
}

function writeConfiguration(writer: WireWriter, field: number, configuration: Configuration): void {
  const mark = writer.begin(field);
  for (const id of configuration.voters) writer.textAlways(1, id);
  for (const id of configuration.outgoing) writer.textAlways(2, id);
  for (const id of configuration.learners) writer.textAlways(3, id);
  writer.end(mark);
}

type Content = RaftMessage extends infer M
  ? M extends RaftMessage
    ? Omit<M, 'from' | 'to' | 'term'>
    : never
  : never;

/** An embedded `PeerMessage`. Payloads and contexts stay in the memory of the envelope. */
export function readMessage(reader: WireReader): RaftMessage {
  let from = '';
  let to = '';
  let at = 0;
  let content: Content | null = null;
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) from = reader.text();
    else if (field === 2) to = reader.text();
    else if (field === 3) at = reader.uint();
    else if (field <= 15) {
      const inner = reader.enter();
      content = readContent(reader, field);
      reader.leave(inner);
    } else reader.skip();
  }
  reader.leave(outer);
  if (content === null) throw malformed('a message that this version does not know');
  return { from: nodeId(from), to: nodeId(to), term: term(at), ...content } as RaftMessage;
}

function readContent(reader: WireReader, field: number): Content {
  switch (field) {
    case fieldOf.preVote: {
      const { last, round } = readVote(reader);
      return { type: 'preVote', last, round };
    }
    case fieldOf.preVoteReply: {
      const { granted, reason, round } = readVoteReply(reader);
      const known = preVoteReasons.find((each) => each === reason);
      if (known === undefined) throw malformed(`an unknown reason of a pre-vote: ${reason}`);
      return { type: 'preVoteReply', granted, reason: known, round };
    }
    case fieldOf.vote:
      return readVote(reader);
    case fieldOf.voteReply:
      return readVoteReply(reader);
    case fieldOf.append:
      return readAppend(reader);
    case fieldOf.appendReply:
      return readAppendReply(reader);
    case fieldOf.heartbeat:
      return readHeartbeat(reader);
    case fieldOf.heartbeatReply:
      return readHeartbeatReply(reader);
    case fieldOf.installSnapshot:
      return readInstallSnapshot(reader);
    case fieldOf.timeoutNow:
      while (reader.more()) {
        reader.next();
        reader.skip();
      }
      return { type: 'timeoutNow' };
    case fieldOf.readIndexRequest:
      return { type: 'readIndexRequest', id: readReadIndex(reader).id };
    default:
      return readReadIndex(reader);
  }
}

export function readPoint(reader: WireReader): LogPoint {
  let index = 0;
  let at = 0;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        index = reader.uint();
        break;
      case 2:
        at = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { index: logIndex(index), term: term(at) };
}

/** Also of a pre-vote. */
function readVote(reader: WireReader): Vote {
  let last = noPoint;
  let handOver = false;
  let round = 0;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        last = readPoint(reader);
        break;
      case 2:
        handOver = reader.bool();
        break;
      case 3:
        round = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  return { type: 'vote', last, handOver, round };
}

function readVoteReply(reader: WireReader): VoteReply {
  let granted = false;
  let reason = '';
  let round = 0;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        granted = reader.bool();
        break;
      case 2:
        reason = reader.text();
        break;
      case 3:
        round = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  const known = voteReasons.find((each) => each === reason);
  if (known === undefined) throw malformed(`an unknown reason of a vote: ${reason}`);
  return { type: 'voteReply', granted, reason: known, round };
}

function readAppend(reader: WireReader): Append {
  let previous = noPoint;
  const entries: LogEntry[] = [];
  let commit = 0;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        previous = readPoint(reader);
        break;
      case 2:
        entries.push(readEntry(reader));
        break;
      case 3:
        commit = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  return { type: 'append', previous, entries, commit: logIndex(commit) };
}

function readEntry(reader: WireReader): LogEntry {
  let at = 0;
  let index = 0;
  let kind: EntryKind = 'noop';
  let payload: Uint8Array = noBytes;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        at = reader.uint();
        break;
      case 2:
        index = reader.uint();
        break;
      case 3:
        kind = reader.oneOf(entryKinds);
        break;
      case 4:
        payload = reader.view();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { term: term(at), index: logIndex(index), kind, payload };
}

const noBytes = Buffer.alloc(0);

function readAppendReply(reader: WireReader): AppendReply {
  let rejected = false;
  let match = 0;
  let hint = noPoint;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        rejected = reader.bool();
        break;
      case 2:
        match = reader.uint();
        break;
      case 3:
        hint = readPoint(reader);
        break;
      default:
        reader.skip();
    }
  }
  return { type: 'appendReply', rejected, match: logIndex(match), hint };
}

function readHeartbeat(reader: WireReader): Heartbeat {
  let commit = 0;
  let round = 0;
  const succession: NodeId[] = [];
  let context: Uint8Array = noBytes;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        commit = reader.uint();
        break;
      case 2:
        round = reader.uint();
        break;
      case 3:
        succession.push(nodeId(reader.text()));
        break;
      case 4:
        context = reader.view();
        break;
      default:
        reader.skip();
    }
  }
  return { type: 'heartbeat', commit: logIndex(commit), round, succession, context };
}

function readHeartbeatReply(reader: WireReader): HeartbeatReply {
  let round = 0;
  let context: Uint8Array = noBytes;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        round = reader.uint();
        break;
      case 2:
        context = reader.view();
        break;
      default:
        reader.skip();
    }
  }
  return { type: 'heartbeatReply', round, context };
}

function readInstallSnapshot(reader: WireReader): InstallSnapshot {
  let point = noPoint;
  let configuration: Configuration = { voters: [], outgoing: [], learners: [] };
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        point = readPoint(reader);
        break;
      case 2:
        configuration = readConfiguration(reader);
        break;
      default:
        reader.skip();
    }
  }
  return { type: 'installSnapshot', point, configuration };
}

function readConfiguration(reader: WireReader): Configuration {
  const voters: NodeId[] = [];
  const outgoing: NodeId[] = [];
  const learners: NodeId[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        voters.push(nodeId(reader.text()));
        break;
      case 2:
        outgoing.push(nodeId(reader.text()));
        break;
      case 3:
        learners.push(nodeId(reader.text()));
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { voters, outgoing, learners };
}

function readReadIndex(reader: WireReader): ReadIndexReply {
  let id = 0;
  let index = 0;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        id = reader.uint();
        break;
      case 2:
        index = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  return { type: 'readIndexReply', id, index: index === 0 ? null : logIndex(index) };
}
