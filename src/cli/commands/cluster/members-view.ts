import type { MemberStatus } from '../../client.ts';
import type { Style } from '../../terminal/style.ts';

export const memberColumns = ['id', 'tier', 'role', 'applied', 'lag revisions', 'lag ms', 'score', 'health'];

export function memberRow(member: MemberStatus, style: Style): readonly (string | number)[] {
  const { health } = member;
  return [
    member.id,
    member.tier,
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

export function memberJson(member: MemberStatus): object {
  const { id, tier, role, applied, lagRevisions, lagMs, score, health, client, peer, http } = member;
  return { id, tier, role, applied, lagRevisions, lagMs, score, health, client, peer, http };
}
