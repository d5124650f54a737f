import { TanistError } from '../foundation/errors.ts';
import type { NodeId } from '../foundation/ids.ts';
import type { Cluster } from './cluster.ts';

const lookEveryMs = 500;
/** Whatever the cluster can find out by itself it has found out by then. */
const patienceMs = 3000;

/**
 * Where replicas differ and no majority of them agrees, writes stop until somebody says who is wrong (promise 6). That is known here, since
 * the faults are.
 */
export class Operator {
  readonly #cluster: Cluster;
  #alarmSinceMs: number | null = null;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  start(): void {
    this.#cluster.scheduler.after(lookEveryMs, () => {
      this.#look();
      this.start();
    });
  }

  #look(): void {
    const { scheduler, integrity, network } = this.#cluster;
    const { node = null, life = null } = this.#cluster.leader() ?? {};
    const isOn = node?.inspect().alarms.some(({ kind }) => kind === 'corrupt') === true;
    if (!isOn || node === null) {
      this.#alarmSinceMs = null;
      return;
    }
    this.#alarmSinceMs ??= scheduler.nowMs;
    if (scheduler.nowMs - this.#alarmSinceMs < patienceMs) return;
    const wrong = node.members().find(({ id }) => integrity.isWrong(id))?.id;
    if (wrong === undefined) return;
    network.trace.event('CHANGE', 'repair', () => `${wrong} asked of ${node.raftStatus.term}`);
    life?.enter(() => this.#repair(wrong));
  }

  #repair(id: NodeId): void {
    try {
      this.#cluster.leader()?.node?.repair(id);
    } catch (error) {
      if (!(error instanceof TanistError)) throw error;
    }
  }
}
