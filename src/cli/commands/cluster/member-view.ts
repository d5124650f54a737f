import type { NodeId } from '../../../foundation/ids.ts';
import type { MemberInfo } from '../../../ports/membership.ts';
import type { Output } from '../../terminal/output.ts';

export function showMembers(out: Output, clusterId: string, members: readonly MemberInfo[]): void {
  out.document({ cluster: clusterId, members });
  out.table(
    ['id', 'tier', 'part', 'clients', 'peers', 'http'],
    members.map((member) => [
      member.id,
      member.tier,
      member.voter ? 'voter' : member.learner ? 'learner' : 'none',
      member.client,
      member.peer,
      member.http,
    ]),
  );
}

/** What a node that joins is started with, YAML. */
export function joiningConfig(clusterId: string, members: readonly MemberInfo[], joining: NodeId): string {
  const lines = [
    `# The config of ${joining}, which joins cluster ${clusterId}. Start it with`,
    `#   tanist node --config THIS_FILE --id ${joining}`,
    "# Sections timing, limits, disk, compaction and tiers: as in the other nodes' configs.",
    `cluster: ${JSON.stringify(clusterId)}`,
    'nodes:',
  ];
  for (const member of members) {
    if (member.peer === '' || member.client === '' || member.http === '') continue;
    const fields = [
      `id: ${member.id}`,
      `client: ${JSON.stringify(member.client)}`,
      `peer: ${JSON.stringify(member.peer.split(',')[0])}`,
      `http: ${JSON.stringify(member.http)}`,
      `tier: ${member.tier}`,
    ];
    const labels = Object.entries(member.labels).map((label) =>
      label.map((text) => JSON.stringify(text)).join(': '),
    );
    if (labels.length > 0) fields.push(`labels: { ${labels.join(', ')} }`);
    if (member.id === joining || member.learner) fields.push('join: true');
    lines.push(`  - { ${fields.join(', ')} }`);
  }
  return lines.join('\n');
}
