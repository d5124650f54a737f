import type { MemberStatus } from '../../../protocol/status/status.ts';
import type { Style } from '../../terminal/style.ts';

export const memberColumns = ['id', 'tier', 'role', 'applied', 'lag revisions', 'lag ms', 'score', 'health'];

export function memberRow(member: MemberStatus, style: Style): readonly (string | number)[] {
  const { health } = member;
  return [
    member.member.id,
    member.member.tier,
    member.role === 'leader' ? style.bold(member.role) : member.role,
    member.applied,
    member.lagRevisions,
    member.lagMs,
    member.score,
    health === 'healthy'
      ? style.green(health)
      : health === 'suspected'
        ? style.yellow(health)
        : style.red(health),
  ];
}

export function memberJson(status: MemberStatus): object {
  const { member, role, applied, lagRevisions, lagMs, score, health, bootCounter, replica } = status;
  return {
    id: member.id,
    tier: member.tier,
    role,
    applied,
    lagRevisions,
    lagMs,
    score,
    health,
    bootCounter,
    client: member.clientAddress,
    peer: member.peerAddress,
    http: member.httpAddress,
    replica,
  };
}
