import { type ClientOptions, endpointsOf, type Register, withClient, withCluster } from '../../command.ts';

interface PromoteOptions extends ClientOptions {
  readonly force?: boolean;
  readonly yes?: boolean;
}

export const promoteCommand: Register = (program) => {
  withClient(
    program
      .command('promote')
      .argument('<id>', 'a warm or cold replica')
      .summary('make a replica hot')
      .description(
        'Makes a warm or cold replica hot: it fetches the rest of the state from a hot node while it serves on, learns, and votes. Waits for it (10 min,\n' +
          'or --timeout); the change goes on even if nobody waits.\n\n' +
          'With --force, at the replica itself, when no quorum of hot replicas is left: begins a new lineage with what the replica holds. Revisions move on\n' +
          'by 1,000,000,000, sessions end, and what cannot be vouched for is reported and saved. Old members are fenced when they come back, and save what\n' +
          'they had beyond (tanist fork show). Refused while a quorum answers.',
      )
      .option('--force', 'go on without a quorum; what only the lost replicas had is lost')
      .option('--yes', 'with --force: do not ask'),
  ).action(async (id: string, options: PromoteOptions) => {
    if (options.force === true) {
      const { forcePromote } = await import('../../promotion/force.ts');
      await forcePromote(id, endpointsOf(options), options);
      return;
    }
    const { promoteAndWait } = await import('../../promotion/change-tier.ts');
    await withCluster(options, (context) => promoteAndWait(id, options.timeout, context));
  });
};

export const demoteCommand: Register = (program) => {
  withClient(
    program
      .command('demote')
      .argument('<id>', 'a hot, warm or cold replica')
      .summary('take a replica out of the quorum')
      .description(
        'Makes a hot replica a warm or cold one, or moves one between warm and cold; gives a promotion up that is under way. Refused when the other hot\n' +
          'replicas could not go on without it.',
      )
      .option('--to <tier>', 'warm or cold', 'warm'),
  ).action(async (id: string, options: ClientOptions & { readonly to: string }) => {
    const { demote } = await import('../../promotion/change-tier.ts');
    await withCluster(options, (context) => demote(id, options.to, context));
  });
};
