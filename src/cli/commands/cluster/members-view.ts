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
  const { member, role, applied, lagRevisions, lagMs, score, health, bootCounter, replica, models } = status;
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
    models,
  };
}

/** Which members predict with which models, where some do; equal hashes are the same bytes. */
export function modelsText(members: readonly MemberStatus[], style: Style): string | null {
  const holders = new Map<string, string[]>();
  for (const { member, models } of members)
    if (models !== '') holders.set(models, [...(holders.get(models) ?? []), member.id]);
  if (holders.size === 0) return null;
  const [[models, ids] = ['', []]] = holders;
  if (holders.size === 1) return `models: ${models} on ${ids.join(', ')}`;
  const each = [...holders].map(([own, at]) => `${own} on ${at.join(', ')}`);
  return style.yellow(`models differ: ${each.join('; ')}`);
}
