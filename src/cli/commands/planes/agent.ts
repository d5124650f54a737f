import { Option } from 'commander';
import { type ClientOptions, type Register, withClient } from '../../command.ts';
import type { AgentCommandOptions } from '../../dependencies/run-agent.ts';
import { byteSize, durationMs, listenAddress } from '../../terminal/arguments.ts';

export const agentCommand: Register = (program) => {
  withClient(
    program
      .command('agent')
      .summary('beside a sandbox: its npm registry and HTTP proxy, from the others where they have it')
      .description(
        'npm, pnpm and yarn use it unmodified (npm config set registry http://HOST:PORT), apt as http_proxy. What the sandbox asks for comes from this cache,\n' +
          'from other agents of the cluster, or from upstream: the registry that the npm of this machine is configured for, through its proxies. Runs until it is stopped; the cache stays.\n' +
          '--listen reaches upstream with the credentials of this machine: keep it to the sandbox. With --json: one line when it serves.',
      )
      .option(
        '--id <id>',
        'name of the sandbox, of one agent at a time (default: this host and the cache folder)',
      )
      .option('--application <name>', 'whose request sequences belong together', 'default')
      .option('--zone <name>', 'agents of one zone are near to each other', '')
      .option('--cache <dir>', 'the cache folder', 'tanist-agent')
      .addOption(
        new Option('--cache-size <size>', 'such as 500MB; beyond it the least recently used goes')
          .argParser(byteSize)
          .default(10e9, '10GB'),
      )
      .addOption(
        new Option('--listen <address>', 'where the sandbox asks')
          .argParser(listenAddress)
          .default({ host: '127.0.0.1', port: 4873 }, '127.0.0.1:4873'),
      )
      .addOption(
        new Option('--peer-listen <address>', 'where other agents ask; port 0: a free one')
          .argParser(listenAddress)
          .default({ host: '127.0.0.1', port: 0 }, '127.0.0.1:0'),
      )
      .option(
        '--advertise <host:port>',
        'how others reach --peer-listen (default: as it says, unless that is 0.0.0.0)',
      )
      .option('--registry <url>', "upstream, in place of what this machine's npm is configured for")
      .option('--rules <file>', 'of the proxy, YAML or JSON: a list of {match, action}')
      .addOption(
        new Option('--metadata-ttl <duration>', 'until metadata is asked for again')
          .argParser(durationMs)
          .default(60_000, '1m'),
      )
      .option('--metadata-from-upstream', "do not take other agents' word on what metadata says")
      .option('--watch <dir>', 'report which files of this folder are really opened; it may come later')
      .option('--pre-cache <size>', 'room for what the pre-cache service foretells; 0: none', byteSize, 0)
      .option('--etcd', 'the endpoints are those of an etcd'),
  ).action(async (options: ClientOptions & AgentCommandOptions) => {
    const { runAgent } = await import('../../dependencies/run-agent.ts');
    await runAgent(options);
  });
};
