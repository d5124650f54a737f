import { EventEmitter } from 'node:events';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import test from 'ava';
import { FollowStream } from '../../src/api/replication/follow-stream.ts';
import { nodeId } from '../../src/foundation/ids.ts';
import type { ReplicaReport, ReplicaSource } from '../../src/ports/replication.ts';
import { encodeFollowMessage } from '../../src/protocol/replication/follow.ts';
import { replicaReport } from '../replication/replica-report.ts';

const report = (id: string): ReplicaReport => replicaReport({ id: nodeId(id) });

test('a replica is heard of itself alone, and only once it follows', (t) => {
  for (const [follows, says, heard] of [
    [null, 'w', 0],
    ['w', 'x', 0],
    ['w', 'w', 1],
  ] as const) {
    const told: ReplicaReport[] = [];
    const source: ReplicaSource = {
      id: nodeId('h'),
      report: (one) => void told.push(one),
      async *follow(_, signal) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        yield* [];
      },
    };
    const call = new EventEmitter();
    const failures: unknown[] = [];
    call.on('error', (error) => failures.push(error));
    new FollowStream(source, call as unknown as ServerDuplexStream<Buffer, Buffer>);
    if (follows !== null) {
      const request = { replica: nodeId(follows), mode: 'deltas', held: null } as const;
      call.emit('data', encodeFollowMessage({ kind: 'request', request }));
    }
    call.emit('data', encodeFollowMessage({ kind: 'report', report: report(says) }));
    t.is(told.length, heard);
    t.is(failures.length, 1 - heard);
    if (heard > 0) call.emit('cancelled');
  }
});
