import type { ServerWritableStream } from '@grpc/grpc-js';
import { TanistError } from '../../../foundation/errors.ts';
import { revision } from '../../../foundation/ids.ts';
import { maintenanceMethods } from '../../../protocol/etcd/methods.ts';
import type { BackupStreams } from '../../services/backup-stream.ts';
import { etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';
import { type ServiceHandlers, unary } from '../handlers.ts';
import { alarmTexts, answerAlarm } from './alarms.ts';
import { etcdVersion } from './etcd-version.ts';
import { streamSnapshot } from './snapshot-stream.ts';

/** As etcd says it. */
const neverCompacted = -1;

/** `etcdserverpb.Maintenance`: of the node that is asked, but for alarms. */
export function maintenanceService(face: EtcdFace, backups: BackupStreams): ServiceHandlers {
  const { node } = face;
  return {
    unary: new Map([
      unary(maintenanceMethods.status, async () => {
        const { diskBytes, liveBytes } = await node.maintenance.sizes();
        const { raft, applied } = node.inspect();
        const errors = alarmTexts(face);
        if (raft.leader === null) errors.unshift('etcdserver: no leader');
        return {
          header: face.header(),
          version: etcdVersion,
          dbSize: diskBytes,
          dbSizeInUse: liveBytes,
          leader: raft.leader === null ? 0n : face.memberIdOf(raft.leader),
          raftIndex: raft.commit,
          raftTerm: raft.term,
          raftAppliedIndex: applied,
          errors,
          isLearner: raft.configuration.learners.includes(node.id),
        };
      }),
      unary(maintenanceMethods.alarm, async (request) => {
        const alarms = await answerAlarm(face, request);
        return { header: face.header(), alarms };
      }),
      unary(maintenanceMethods.defragment, async () => {
        await node.maintenance.defragment();
        return { header: face.header() };
      }),
      unary(maintenanceMethods.hash, async () => {
        const hash = await node.maintenance.hash();
        return { header: face.header(), hash };
      }),
      unary(maintenanceMethods.hashKV, async ({ revision: at }) => {
        const { hash, compacted } = await node.maintenance.hashKv(revision(Math.max(0, at)));
        return {
          header: face.header(),
          hash,
          compact_revision: compacted === 0 ? neverCompacted : compacted,
        };
      }),
      unary(maintenanceMethods.moveLeader, async ({ targetID }) => {
        await moveLeader(face, targetID);
        return { header: face.header() };
      }),
      unary(maintenanceMethods.downgrade, ({ action, version }) => {
        if (action === 'CANCEL') throw etcdError('noDowngrade');
        const isVersion = /^v?\d+\.\d+(\.\d+)?(-[0-9A-Za-z.-]+)?$/.test(version);
        throw etcdError(isVersion ? 'downgradeTarget' : 'downgradeFormat');
      }),
    ]),
    streams: new Map([
      [
        maintenanceMethods.snapshot.path,
        (call: ServerWritableStream<Buffer, Buffer>) => streamSnapshot(backups, call),
      ],
    ]),
  };
}

/** Asked of the leader alone, as in etcd. */
async function moveLeader(face: EtcdFace, target: bigint): Promise<void> {
  const { node } = face;
  if (node.routing().leader !== node.id) throw etcdError('notLeader');
  const to = node.members().find(({ id, voter }) => voter && face.memberIdOf(id) === target)?.id;
  if (to === undefined) throw etcdError('badLeaderTransferee');
  try {
    await node.transfer(to);
  } catch (error) {
    if (error instanceof TanistError && error.code === 'unknown-member')
      throw etcdError('badLeaderTransferee');
    throw error;
  }
}
