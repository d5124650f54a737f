import { nodeId } from '../../foundation/ids.ts';
import { type HeartbeatStatus, heartbeatStatuses, type ReplicaStatus } from '../../ports/replica-status.ts';
import { tierOf } from '../../ports/tier.ts';
import type { WireReader } from '../parts/wire-reader.ts';
import type { WireWriter } from '../parts/wire-writer.ts';

export function writeReplicaStatus(writer: WireWriter, field: number, status: ReplicaStatus): void {
  const mark = writer.begin(field, 64);
  writer.text(1, status.id);
  writer.text(2, status.tier);
  writer.uint(3, heartbeatStatuses.indexOf(status.heartbeat));
  writer.double(4, status.silentMs);
  if (status.modelDivergence !== null) writer.doubleAlways(5, status.modelDivergence);
  writer.double(6, status.dataIntegrity);
  writer.text(7, status.trouble ?? '');
  if (status.networkLatencyMs !== null) writer.doubleAlways(8, status.networkLatencyMs);
  writer.end(mark);
}

export function readReplicaStatus(reader: WireReader): ReplicaStatus {
  let id = '';
  let tier = '';
  let heartbeat: HeartbeatStatus = 'alive';
  let silentMs = 0;
  let modelDivergence: number | null = null;
  let dataIntegrity = 0;
  let trouble = '';
  let networkLatencyMs: number | null = null;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        id = reader.text();
        break;
      case 2:
        tier = reader.text();
        break;
      case 3:
        heartbeat = reader.oneOf(heartbeatStatuses);
        break;
      case 4:
        silentMs = reader.double();
        break;
      case 5:
        modelDivergence = reader.double();
        break;
      case 6:
        dataIntegrity = reader.double();
        break;
      case 7:
        trouble = reader.text();
        break;
      case 8:
        networkLatencyMs = reader.double();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return {
    id: nodeId(id),
    tier: tierOf(tier),
    heartbeat,
    silentMs,
    modelDivergence,
    dataIntegrity,
    trouble: trouble === '' ? null : trouble,
    networkLatencyMs,
  };
}
