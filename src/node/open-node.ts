import { TanistError } from '../foundation/errors.ts';
import { randomName } from '../foundation/random.ts';
import { nextTurn } from '../ports/clock.ts';
import { createRaft } from '../raft/create-raft.ts';
import { createStateMachine, type StateMachine } from '../state/state-machine.ts';
import { openOrRescue } from '../storage/open-or-rescue.ts';
import { firstConfiguration } from './config/first-configuration.ts';
import { TanistNode } from './node.ts';
import type { NodeOptions, NodePorts } from './options.ts';
import { removedText } from './refusals.ts';

/**
 * Opens the store, brings the state to where the image was, and makes the node; `start` lets it take part. The rest of the log is
 * applied as its commit is learnt.
 */
export async function openNode(options: NodeOptions, ports: NodePorts): Promise<TanistNode> {
  const yieldTurn = (): Promise<void> => nextTurn(ports.clock);
  const created = (): StateMachine =>
    createStateMachine({
      limits: options.requestLimits,
      ...(options.bounds === undefined ? {} : { bounds: options.bounds }),
      ...(options.keysPerSlice === undefined ? {} : { keysPerSlice: options.keysPerSlice }),
      configuration: firstConfiguration(options.members),
    });
  let state = created();
  const store = await openOrRescue(ports.disk, {
    clusterId: options.clusterId,
    nodeId: options.id,
    newStoreId: randomName(ports.random.fork('store')),
    incarnation: randomName(ports.random.fork('incarnation')),
    folder: options.dataFolder,
    logMemoryBytes: options.logMemoryBytes,
    nextTurn: yieldTurn,
    restore: async (image) => {
      state = created();
      if (image !== null) await state.restore(image, yieldTurn);
    },
    hasOthers: (configuration) => {
      const { voters, outgoing } = configuration ?? firstConfiguration(options.members);
      return [...voters, ...outgoing].some((id) => id !== options.id);
    },
    setAside: (database, evidence, reason) =>
      ports.nodeLog.error('set-aside', { database, evidence, reason }),
  });
  const { loaded } = store;
  if (state.members.isRemoved(options.id)) {
    await store.log.close();
    await store.image.close();
    throw new TanistError('member-removed', removedText(options.id));
  }
  const { hardState, compacted, tail } = store.log.image;
  const ticks = (ms: number): number => Math.max(1, Math.ceil(ms / options.tickMs));
  const raft = createRaft(
    {
      id: options.id,
      random: ports.random.fork('raft'),
      electionTicks: ticks(options.electionMs),
      heartbeatTicks: ticks(options.heartbeatMs),
      rankDelayTicks: ticks(options.rankDelayMs),
      holdTicks: ticks(options.holdMs),
      maxAppendBytes: options.appendBytes,
      maxInflightMessages: options.inflightMessages,
      maxInflightBytes: options.inflightBytes,
      maxUncommittedBytes: options.uncommittedBytes,
      logMemoryBytes: options.logMemoryBytes,
    },
    {
      hardState,
      compacted,
      entries: tail,
      configuration: loaded?.applied.configuration ?? firstConfiguration(options.members),
      applied: loaded?.applied.point.index ?? compacted.index,
    },
  );
  return new TanistNode(options, ports, store, state, raft);
}
