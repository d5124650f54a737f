import { fileURLToPath } from 'node:url';
import { type FailedReport, forkTaskChild } from '../../load/child-task.ts';
import type { Holds } from './loop-holds.ts';

export interface TableNodeStart {
  readonly folder: string;
  readonly keys: number;
  /** Whether its keys are under a policy that asks for predictions. */
  readonly predicts: boolean;
}

export type TableNodeTask = { readonly kind: 'load'; readonly seconds: number } | { readonly kind: 'end' };

/** What its process took while it had load. */
export interface Stretch {
  /** Part of one core. */
  readonly cpuShare: number;
  /** Of it the thread that forecasts, by the clock. */
  readonly threadShare: number;
  readonly holds: Holds;
}

export interface AtTheEnd {
  readonly residentBytes: number;
  readonly threadBytes: number;
  /** What a promotion would ask for, so many times. */
  readonly preApplyMs: readonly number[];
  readonly preApplied: number;
  readonly ready: number;
  readonly waiting: number;
  readonly scaledError: number | null;
}

export type TableNodeReport =
  | { readonly kind: 'started' }
  | { readonly kind: 'stretch'; readonly stretch: Stretch }
  | { readonly kind: 'end'; readonly end: AtTheEnd }
  | FailedReport;

/** A process with one node and the load on it. */
export interface TableNode {
  load(seconds: number): Promise<Stretch>;
  end(): Promise<AtTheEnd>;
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL('table-node-main.js', import.meta.url));

export async function startTableNode(start: TableNodeStart): Promise<TableNode> {
  const child = forkTaskChild<TableNodeStart | TableNodeTask, TableNodeReport>(
    main,
    'the node that is measured',
  );
  try {
    await child.ask(start, 'started');
  } catch (error) {
    await child.stop();
    throw error;
  }
  return {
    load: async (seconds) => (await child.ask({ kind: 'load', seconds }, 'stretch')).stretch,
    end: async () => (await child.ask({ kind: 'end' }, 'end')).end,
    stop: child.stop,
  };
}
