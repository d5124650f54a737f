import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';

export const membersCommand: Register = (program) => {
  withClient(program.command('members').summary('the nodes and where they are')).action(
    (options: ClientOptions) =>
      withCluster(options, async ({ client, out, call }) => {
        const { memberJson } = await import('./members-view.ts');
        const { leader, term, commit, members } = await client.status(call);
        out.document({ leader, term, commit, members: members.map(memberJson) });
        out.table(
          ['id', 'tier', 'role', 'health', 'clients', 'peers', 'http'],
          members.map((m) => [m.id, m.tier, m.role, m.health, m.client, m.peer, m.http]),
        );
      }),
  );
};
