import { unreachable } from '../../src/foundation/assert.ts';
import type { LogEntry, LogPoint } from '../../src/ports/log-store.ts';
import type { RaftMessage } from '../../src/raft/message.ts';

const point = ({ index, term }: LogPoint): string => `${index}@${term}`;

/** `3@1 4@1 noop 5@1 configuration`: index@term, and the kind where it is not commands. */
export function describeEntries(entries: readonly LogEntry[]): string {
  return entries
    .map((entry) => `${point(entry)}${entry.kind === 'commands' ? '' : ` ${entry.kind}`}`)
    .join(', ');
}

export function describeMessage(message: RaftMessage): string {
  return `${message.from}>${message.to} ${message.type} t${message.term}${details(message)}`;
}

function details(message: RaftMessage): string {
  switch (message.type) {
    case 'preVote':
      return ` last ${point(message.last)}`;
    case 'vote':
      return ` last ${point(message.last)}${message.handOver ? ' hand-over' : ''}`;
    case 'preVoteReply':
    case 'voteReply':
      return ` ${message.granted ? 'granted' : `refused: ${message.reason}`}`;
    case 'append':
      return ` after ${point(message.previous)} [${describeEntries(message.entries)}] commit ${message.commit}`;
    case 'appendReply':
      return message.rejected
        ? ` refused ${message.match}, try ${point(message.hint)}`
        : ` match ${message.match}`;
    case 'heartbeat':
      return ` commit ${message.commit} round ${message.round} succession [${message.succession.join(' ')}]`;
    case 'heartbeatReply':
      return ` round ${message.round}`;
    case 'installSnapshot':
      return ` ${point(message.point)}`;
    case 'timeoutNow':
      return '';
    case 'readIndexRequest':
      return '';
    case 'readIndexReply':
      return ` ${message.index ?? 'refused'}`;
    default:
      return unreachable(message);
  }
}
