import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';

export const membersCommand: Register = (program) => {
  withClient(program.command('members').summary('the nodes and where they are')).action(
    (options: ClientOptions) =>
      withCluster(options, async ({ client, endpoints, out, call }) => {
        const { memberJson } = await import('./members-view.ts');
        const { clusterStatus } = await import('../../client.ts');
        const { leader, term, commit, members } = await clusterStatus(client, endpoints, call);
        out.document({ leader, term, commit, members: members.map(memberJson) });
        out.table(
          ['id', 'tier', 'role', 'health', 'clients', 'peers', 'http'],
          members.map(({ member, role, health }) => [
            member.id,
            member.tier,
            role,
            health,
            member.clientAddress,
            member.peerAddress,
            member.httpAddress,
          ]),
        );
      }),
  );
};
