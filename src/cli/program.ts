import { Command } from 'commander';
import type { Register } from './command.ts';
import { alarmCommand } from './commands/cluster/alarm.ts';
import { backupCommand } from './commands/cluster/backup.ts';
import { demoCommand } from './commands/cluster/demo.ts';
import { forkCommand } from './commands/cluster/fork.ts';
import { memberCommand } from './commands/cluster/member.ts';
import { membersCommand } from './commands/cluster/members.ts';
import { nodeCommand } from './commands/cluster/node.ts';
import { demoteCommand, promoteCommand } from './commands/cluster/promote.ts';
import { restoreCommand } from './commands/cluster/restore.ts';
import { repairCommand, scrubCommand } from './commands/cluster/scrub.ts';
import { snapshotsCommand } from './commands/cluster/snapshots.ts';
import { statusCommand } from './commands/cluster/status.ts';
import { successionCommand } from './commands/cluster/succession.ts';
import { tiersCommand } from './commands/cluster/tiers.ts';
import { transferCommand } from './commands/cluster/transfer.ts';
import { upCommand } from './commands/cluster/up.ts';
import { backtestCommand } from './commands/measure/backtest.ts';
import { benchCommand } from './commands/measure/bench.ts';
import { chaosCommand } from './commands/measure/chaos.ts';
import { forecastCommand } from './commands/measure/forecast.ts';
import { simCommand } from './commands/measure/sim.ts';
import { mirrorCommand } from './commands/mirrors/mirror.ts';
import { agentCommand } from './commands/planes/agent.ts';
import { dependenciesCommand } from './commands/planes/dependencies.ts';
import { delCommand } from './commands/state/del.ts';
import { getCommand } from './commands/state/get.ts';
import { leaseCommand } from './commands/state/lease.ts';
import { modelCommand } from './commands/state/model.ts';
import { policyCommand } from './commands/state/policy.ts';
import { predictionsCommand } from './commands/state/predictions.ts';
import { putCommand } from './commands/state/put.ts';
import { txnCommand } from './commands/state/txn.ts';
import { watchCommand } from './commands/state/watch.ts';

const groups: readonly (readonly [string, readonly Register[]])[] = [
  ['Start here:', [demoCommand, upCommand]],
  [
    'Cluster:',
    [
      nodeCommand,
      statusCommand,
      membersCommand,
      successionCommand,
      tiersCommand,
      transferCommand,
      promoteCommand,
      demoteCommand,
      forkCommand,
      memberCommand,
      alarmCommand,
      snapshotsCommand,
      backupCommand,
      scrubCommand,
      repairCommand,
      restoreCommand,
    ],
  ],
  ['State:', [getCommand, putCommand, delCommand, txnCommand, watchCommand, leaseCommand, policyCommand]],
  ['Planes:', [mirrorCommand, agentCommand, dependenciesCommand]],
  ['Prediction:', [predictionsCommand, modelCommand, forecastCommand, backtestCommand]],
  ['Proof:', [simCommand, chaosCommand, benchCommand]],
];

export function createProgram(version: string): Command {
  const program = new Command('tanist')
    .description(
      'A replicated store whose point is failover: the heir is chosen while the chief still lives.',
    )
    .version(version, '-V, --version')
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .helpCommand(false);
  for (const [heading, commands] of groups) {
    program.commandsGroup(heading);
    for (const register of commands) register(program);
  }
  program.addHelpText(
    'after',
    '\ntanist COMMAND --help tells more of each.\nNodes are found by --endpoints host:port,… or TANIST_ENDPOINTS, else at 127.0.0.1:7400.\nEvery command but node has --json. Exit code 0: success, 1: error, 2: wrong usage.',
  );
  return program;
}
