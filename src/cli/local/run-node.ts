import { join } from 'node:path';
import { pino } from 'pino';
import type { RunningMember } from '../../api/start/start-member.ts';
import { buildKind } from '../../foundation/build-kind.ts';
import { TanistError } from '../../foundation/errors.ts';
import { atMost } from '../../local/at-most.ts';
import { mutantVariable, parentChannel } from '../../local/node-channel.ts';
import { keepCodeWarm } from '../../local/node-flags.ts';
import { configWarnings, loadClusterConfig, nodeInConfig } from '../../node/config/config.ts';
import { errorText } from '../terminal/fail.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { activateMutantOf } from './mutant-of-environment.ts';
import { pinoNodeLog } from './pino-node-log.ts';

export interface NodeOptions {
  readonly config: string;
  readonly id: string;
  readonly data?: string;
  readonly logLevel: string;
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const orphanMs = 5000;
const failedMs = 1000;

/** Runs until it is told to stop (returns) or has to stop (throws). */
export async function runNode(options: NodeOptions): Promise<void> {
  if (!levels.includes(options.logLevel))
    throw new UsageError(`--log-level: must be one of ${levels.join(', ')}, not "${options.logLevel}"`);
  const parent = parentChannel();
  const told = new Promise<string>((resolve) => {
    process.once('SIGINT', () => resolve('SIGINT'));
    process.once('SIGTERM', () => resolve('SIGTERM'));
    parent.onParentGone(() => {
      resolve('parent gone');
      // Nobody is left who would notice a node that can't stop.
      setTimeout(() => process.exit(1), orphanMs).unref();
    });
  });
  try {
    activateMutantOf(process.env[mutantVariable]);
    const config = await loadClusterConfig(options.config);
    const { id, tier } = nodeInConfig(config, options.id);
    // Synchronous: the last lines before a crash are those that matter.
    const logger = pino(
      { level: options.logLevel, base: { node: id } },
      pino.destination({ dest: 2, sync: true }),
    );
    for (const warning of configWarnings(config)) logger.warn(warning);
    if (tier !== 'cold') keepCodeWarm();
    const { startMember } = await import('../../api/start/start-member.ts');
    const { paceCollections } = await import('../../api/start/collection-pace.ts');
    const { Faults } = await import('../../api/start/faults.ts');
    const faults = buildKind === 'test' ? new Faults() : undefined;
    if (faults !== undefined) parent.onFault((fault) => faults.apply(fault));
    const node = await startMember({
      config,
      ...(faults === undefined ? {} : { faults }),
      id,
      ownProcess: true,
      dataFolder: options.data ?? join('tanist-data', id),
      nodeLog: pinoNodeLog(logger),
    });
    if (tier !== 'cold') paceCollections();
    parent.report({ kind: 'ready', ...node.addresses });
    const end = await Promise.race([told, node.failed]);
    if (end instanceof Error) {
      await endFailed(node);
      throw end;
    }
    logger.info({ event: 'stopping', cause: end }, `stopping: ${end}`);
    await node.stop();
  } catch (error) {
    const code = error instanceof TanistError ? error.code : 'unavailable';
    parent.report({
      kind: 'failed',
      code,
      message: error instanceof TanistError ? error.message : errorText(error),
    });
    throw error;
  } finally {
    parent.close();
  }
}

/** A node that has failed serves nobody any more, and who supervises it is to see that: its ports are closed and the process ends, whatever of it hangs. */
async function endFailed(node: RunningMember): Promise<void> {
  await atMost(failedMs, node.stop());
  setTimeout(() => process.exit(1), failedMs).unref();
}
