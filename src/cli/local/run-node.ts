import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { type ClusterConfig, configWarnings, loadClusterConfig, nodeInConfig } from '../../node/config.ts';
import type { NodeOptions } from '../commands/cluster/node.ts';
import { errorText } from '../terminal/fail.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { parentChannel } from './node-channel.ts';

interface RunningNode {
  readonly addresses: { readonly client: string; readonly peer: string; readonly http: string };
  readonly ready: Promise<void>;
  /** Resolves with why the node had to stop by itself. */
  readonly failed: Promise<Error>;
  stop(): Promise<void>;
}

type StartNode = (options: {
  readonly config: ClusterConfig;
  readonly id: NodeId;
  readonly dataFolder: string;
  readonly logger: Logger;
}) => Promise<RunningNode>;

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Runs until it is told to stop (returns) or has to stop (throws). */
export async function runNode(options: NodeOptions): Promise<void> {
  if (!levels.includes(options.logLevel))
    throw new UsageError(`--log-level: must be one of ${levels.join(', ')}, not "${options.logLevel}"`);
  const parent = parentChannel();
  const told = new Promise<string>((resolve) => {
    process.once('SIGINT', () => resolve('SIGINT'));
    process.once('SIGTERM', () => resolve('SIGTERM'));
    parent.onParentGone(() => resolve('parent gone'));
  });
  try {
    const config = await loadClusterConfig(options.config);
    const { id } = nodeInConfig(config, options.id);
    // Synchronous: the last lines before a crash are those that matter.
    const logger = pino(
      { level: options.logLevel, base: { node: id } },
      pino.destination({ dest: 2, sync: true }),
    );
    for (const warning of configWarnings(config)) logger.warn(warning);
    const { startNode } = (await import(nodeLibrary)) as { startNode: StartNode };
    const node = await startNode({
      config,
      id,
      dataFolder: options.data ?? join('tanist-data', id),
      logger,
    });
    await Promise.race([node.ready, node.failed, told]);
    parent.report({ kind: 'ready', ...node.addresses });
    const end = await Promise.race([told, node.failed]);
    if (end instanceof Error) throw end;
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
  }
}

const nodeLibrary = '../../api/start-node.js';
