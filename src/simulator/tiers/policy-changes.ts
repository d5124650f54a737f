import { byteStringOfText } from '../../foundation/bytes.ts';
import { noSession } from '../../foundation/ids.ts';
import type { Random } from '../../foundation/random.ts';
import { type Command, policyTiers } from '../../ports/command.ts';
import { encodeCommandBatch } from '../../protocol/session/write-command.ts';
import type { Cluster } from '../cluster.ts';

/** Of registers, pairs and keys of leases; one inside another, so that ranges are cut. */
const prefixes = ['r', 'r', 'r0', 'r1', 'p', 'p0', 'l', ''];

/** What is critical comes and goes. */
export class PolicyChanges {
  readonly #cluster: Cluster;
  readonly #random: Random;
  #first = true;

  constructor(cluster: Cluster, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
  }

  step(): void {
    const { node = null, life = null } = this.#cluster.leader() ?? {};
    if (node === null || life === null || !node.inspect().open) return;
    const command = this.#command();
    this.#first = false;
    const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands: [command] };
    life.enter(() => node.submit({ bytes: encodeCommandBatch(batch), batch, settle: () => {}, early: null }));
  }

  #command(): Command {
    if (this.#first) return critical('r');
    const prefix = byteStringOfText(this.#random.pick(prefixes));
    if (this.#random.chance(0.3)) return { kind: 'removePolicy', prefix };
    const tier = this.#random.pick([...policyTiers, 'critical' as const]);
    return { kind: 'setPolicy', prefix, policy: { acknowledge: 'quorum', tier, predict: null } };
  }
}

function critical(prefix: string): Command {
  const policy = { acknowledge: 'quorum', tier: 'critical', predict: null } as const;
  return { kind: 'setPolicy', prefix: byteStringOfText(prefix), policy };
}
