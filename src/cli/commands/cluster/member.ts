import type { Command } from 'commander';
import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';
import { labelsWith } from '../../terminal/arguments.ts';

interface AddressOptions extends ClientOptions {
  readonly client?: string;
  readonly peer?: string;
  readonly http?: string;
}

interface AddOptions extends AddressOptions {
  readonly peer: string;
  readonly client: string;
  readonly http: string;
  readonly voter?: boolean;
  readonly tier: string;
  readonly label?: Readonly<Record<string, string>>;
}

/** What all of them end with: the members as they are now. */
function changing<Options extends ClientOptions>(
  command: Command,
  request: (id: string, options: Options) => object,
): void {
  withClient(command).action((id: string, options: Options) =>
    withCluster(options, async ({ client, out, call }) => {
      const { nodeId } = await import('../../../foundation/ids.ts');
      const wish = { ...request(id, options), id: nodeId(id) };
      const { clusterId, members } = await client.changeMember(wish as never, call);
      const { showMembers } = await import('./member-view.ts');
      showMembers(out, clusterId, members);
    }),
  );
}

export const memberCommand: Register = (program) => {
  const member = program.command('member').summary('who belongs to the cluster');
  withClient(member.command('list').summary('the members and where they are')).action(
    (options: ClientOptions) =>
      withCluster(options, async ({ client, out, call }) => {
        const { clusterId, members } = await client.memberList(call);
        const { showMembers } = await import('./member-view.ts');
        showMembers(out, clusterId, members);
      }),
  );
  withClient(
    member
      .command('add')
      .argument('<id>', 'its name; never one that was used before')
      .summary('add a node')
      .description(
        'Adds a node to the cluster, as a learner: it gets all data and does not vote until it is promoted. With --tier warm or cold it is a\n' +
          'replica beyond the quorum.\n' +
          'Prints the config to start it with.',
      )
      .requiredOption('--client <address>', 'host:port for clients')
      .requiredOption('--peer <address>', 'host:port for the other nodes')
      .requiredOption('--http <address>', 'host:port for health, metrics and role')
      .option('--tier <tier>', 'hot, warm (holds the critical keys) or cold (is fed at intervals)', 'hot')
      .option('--label <name=value>', 'where it is, such as zone=a; may be repeated', labelsWith)
      .option('--voter', 'let it vote at once: until it has the data it is one voter that is missing'),
  ).action((id: string, options: AddOptions) =>
    withCluster(options, async ({ client, out, call }) => {
      const { nodeId } = await import('../../../foundation/ids.ts');
      const { joiningConfig } = await import('./member-view.ts');
      const { tierOf } = await import('./tier-option.ts');
      const { client: clients, peer, http, voter = false, label: labels = {} } = options;
      const tier = tierOf(options.tier, voter);
      const facts = { id: nodeId(id), name: id, peer, client: clients, http, tier, labels };
      const { clusterId, members } = await client.changeMember({ kind: 'add', facts, voter }, call);
      const config = joiningConfig(clusterId, members, facts.id);
      out.document({ cluster: clusterId, members, config });
      out.say(config);
    }),
  );
  changing(
    member
      .command('promote')
      .argument('<id>')
      .summary('let a learner vote')
      .description('Lets a learner vote. Refused while it is not in sync with the leader.'),
    () => ({ kind: 'promote' }),
  );
  changing(
    member
      .command('remove')
      .argument('<id>')
      .summary('remove a node')
      .description(
        'Removes a node for good: it stops by itself, and its id is not used again. Refused when the rest could not go on.',
      ),
    () => ({ kind: 'remove' }),
  );
  changing<AddressOptions>(
    member
      .command('update')
      .argument('<id>')
      .summary('tell where a node is now')
      .description(
        "Tells the cluster a node's new addresses. Do it before the node moves; started at other addresses it says so by itself as soon as it reaches a peer.",
      )
      .option('--client <address>', 'host:port for clients')
      .option('--peer <address>', 'host:port for the other nodes')
      .option('--http <address>', 'host:port for health, metrics and role'),
    (_id, { client, peer, http }) => ({
      kind: 'update',
      facts: {
        ...(client === undefined ? {} : { client }),
        ...(peer === undefined ? {} : { peer }),
        ...(http === undefined ? {} : { http }),
      },
    }),
  );
};
