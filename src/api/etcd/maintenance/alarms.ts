import type { NodeId } from '../../../foundation/ids.ts';
import type { Alarm, AlarmKind } from '../../../ports/command.ts';
import type { alarmMember, alarmRequest } from '../../../protocol/etcd/messages/maintenance.ts';
import type { Message } from '../../../protocol/etcd/schema.ts';
import { etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';

type AlarmMessage = Message<typeof alarmMember>;
type AlarmType = AlarmMessage['alarm'];

/** The alarms that are on (GET, of one type or of all), or those that the request turned on or off. */
export async function answerAlarm(
  face: EtcdFace,
  { action, memberID, alarm }: Message<typeof alarmRequest>,
): Promise<AlarmMessage[]> {
  const kind = kindOf(alarm);
  if (action === 'GET') {
    await face.linearized();
    return alarmMessages(
      face,
      face.node.state.alarms().filter((on) => kind === null || on.kind === kind),
    );
  }
  if (kind === null) return [];
  const member = memberOf(face, memberID);
  if (member === null && action === 'ACTIVATE') throw etcdError('memberNotFound');
  if (member === null) return [];
  const { alarms } = await face.proposed({
    kind: 'alarm',
    action: action === 'ACTIVATE' ? 'activate' : 'deactivate',
    member,
    alarm: kind,
  });
  return alarmMessages(face, alarms);
}

/** As etcd's Status shows them: the text form of the message. */
export function alarmTexts(face: EtcdFace): string[] {
  return alarmMessages(face, face.node.state.alarms()).map(
    ({ memberID, alarm }) => `memberID:${memberID} alarm:${alarm} `,
  );
}

/** Also of one that is gone: its alarm may be what is left of it. */
function memberOf(face: EtcdFace, number: bigint): NodeId | null {
  const ids = [
    ...face.node.members().map(({ id }) => id),
    ...face.node.state.alarms().map(({ member }) => member),
  ];
  return ids.find((id) => face.memberIdOf(id) === number) ?? null;
}

export function alarmMessages(face: EtcdFace, alarms: readonly Alarm[]): AlarmMessage[] {
  return alarms.map(({ member, kind }) => ({ memberID: face.memberIdOf(member), alarm: typeOf(kind) }));
}

function kindOf(type: AlarmType): AlarmKind | null {
  if (type === 'NOSPACE') return 'noSpace';
  return type === 'CORRUPT' ? 'corrupt' : null;
}

function typeOf(kind: AlarmKind): AlarmType {
  return kind === 'noSpace' ? 'NOSPACE' : 'CORRUPT';
}
