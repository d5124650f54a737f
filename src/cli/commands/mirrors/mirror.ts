import type { Command } from 'commander';
import { type Register, withClient } from '../../command.ts';
import type { MirrorOptions, RefreshOptions, ServeOptions, ViewOptions } from '../../mirrors/options.ts';
import { nameList, wholeNumber } from '../../terminal/arguments.ts';

function withMirrors(command: Command): Command {
  return withClient(command).option(
    '--etcd <list>',
    'the mirrors are on a real etcd, at these host:port,…',
    nameList,
  );
}

function withZone(command: Command): Command {
  return withMirrors(command).option(
    '--zone <name>',
    'read at the nearest warm replica, those of this zone first',
  );
}

export const mirrorCommand: Register = (program) => {
  const family = program
    .command('mirror')
    .summary('mirrors of outside resources: read, kept fresh and watched by all');
  withZone(
    family
      .command('list')
      .summary('all mirrors: age, hits, accuracy, trouble')
      .argument('[prefix]', 'those whose id begins so', ''),
  ).action(async (prefix: string, options: ViewOptions) => {
    const { listMirrors } = await import('../../mirrors/views.ts');
    await listMirrors(prefix, options);
  });
  withZone(
    family.command('show').summary('one mirror, and what is known of it').argument('<id>', 'SOURCE/KEY'),
  ).action(async (id: string, options: ViewOptions) => {
    const { showMirror } = await import('../../mirrors/views.ts');
    await showMirror(id, options);
  });
  withMirrors(
    family
      .command('add')
      .summary('define sources, or make mirrors of resources')
      .argument('[ids...]', 'SOURCE/KEY')
      .option(
        '--config <file>',
        'sources, YAML or JSON: goes into the cluster for all; secrets stay references',
      ),
  ).action(async (ids: readonly string[], options: MirrorOptions & { readonly config?: string }) => {
    const { addMirrors } = await import('../../mirrors/changes.ts');
    await addMirrors(ids, options);
  });
  withMirrors(
    family
      .command('remove')
      .summary('take mirrors away, or whole sources')
      .argument('[ids...]', 'SOURCE/KEY')
      .option('--source <name>', 'this source with all its mirrors'),
  ).action(async (ids: readonly string[], options: MirrorOptions & { readonly source?: string }) => {
    const { removeMirrors } = await import('../../mirrors/changes.ts');
    await removeMirrors(ids, options);
  });
  withMirrors(
    family
      .command('refresh')
      .summary('ask the origin now')
      .argument('<ids...>', 'SOURCE/KEY')
      .option(
        '--invalidate',
        'only say that they changed: nobody takes them for fresh until somebody has looked',
      )
      .option('--force', 'take what it says, even if that is older than what is known (a restored origin)'),
  ).action(async (ids: readonly string[], options: MirrorOptions & RefreshOptions) => {
    const { refreshMirrors } = await import('../../mirrors/changes.ts');
    await refreshMirrors(ids, options);
  });
  withMirrors(
    family
      .command('serve')
      .summary('refresh mirrors until Ctrl-C: one of any number of refreshers')
      .option('--config <file>', "sources of this process's own, besides those in the cluster")
      .option('--name <name>', 'of this refresher')
      .option('--parallel <count>', 'origins asked at a time', wholeNumber(1, 1000), 16)
      .option(
        '--http <port>',
        'serves /metrics, /health and POST /invalidate on 127.0.0.1 (0: any port)',
        wholeNumber(0, 65_535),
      )
      .option('--http-host <address>', 'serves them there instead')
      .option(
        '--webhook-secret-env <name>',
        'variable with the secret that events are signed with; without it none are taken',
      )
      .option('--allow-commands', 'sources may run programs here')
      .option('--files <folder>', 'sources may read files below this')
      .option('--secrets <folder>', 'sources may name secrets in files below this'),
  ).action(async (options: MirrorOptions & ServeOptions) => {
    const { runServe } = await import('../../mirrors/run-serve.ts');
    await runServe(options);
  });
};
