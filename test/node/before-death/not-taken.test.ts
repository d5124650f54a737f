import test from 'ava';
import { defaultBeforeDeath } from '../../../src/failover/before-death/signals.ts';
import { TanistError } from '../../../src/foundation/errors.ts';
import { nodeId } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../../src/foundation/limits.ts';
import { BeforeDeath, type BeforeDeathParts } from '../../../src/node/before-death/before-death.ts';
import { recordsIn } from '../../../src/node/before-death/records.ts';
import type { Command } from '../../../src/ports/command.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import { createStateMachine } from '../../../src/state/state-machine.ts';
import { Log } from '../../state/commands.ts';

/** A leader in danger whose heir never takes over; the test says whether what it proposes is taken. */
class InDanger {
  readonly log = new Log(createStateMachine({ limits: defaultRequestLimits }));
  readonly status = { role: 'leader', term: 3, commit: 1, succession: [nodeId('c')] };
  nowMs = 0;
  refuses = false;
  readonly beforeDeath: BeforeDeath;

  constructor() {
    const well = { memory: { now: 0.1, endangered: false, rising: false } };
    const view = {
      measurements: { doubt: null, silentMs: 0, patienceMs: 100, match: 1 },
      report: { signs: well },
      score: { value: 1 },
    };
    const breach = { signal: 'memory', now: 0.7, limit: 0.9, inMs: 5000, confidence: 0.99 };
    const parts = {
      policy: defaultBeforeDeath,
      self: nodeId('b'),
      raft: { status: this.status },
      state: this.log.state,
      clock: { nowMs: () => this.nowMs },
      clusterClock: { now: () => 1_000_000 + this.nowMs },
      nodeLog: silentLog,
      life: { isStopping: false },
      opening: { isOpen: true },
      succession: { view: () => view, isAlive: () => true, reportOf: () => null },
      guard: { identityOf: () => null },
      handOver: {
        to: () => {
          this.refuses = true;
          return Promise.reject(new TanistError('transfer-failed', 'nobody took over'));
        },
      },
      vitalWatch: { look: () => true, breaches: [breach], signs: well },
      propose: (command: Command, done: () => void) => {
        if (!this.refuses) this.log.one(command);
        done();
      },
    };
    this.beforeDeath = new BeforeDeath(parts as unknown as BeforeDeathParts);
  }

  async look(atMs: number): Promise<readonly string[]> {
    this.nowMs = atMs;
    this.beforeDeath.look();
    await new Promise(setImmediate);
    return recordsIn(this.log.state).map(({ verdict }) => verdict);
  }
}

test('that nobody took it is written down again until it is', async (t) => {
  const at = new InDanger();
  t.deepEqual(await at.look(0), []);
  t.deepEqual(await at.look(3000), ['open']);
  t.true(at.refuses);
  t.deepEqual(await at.look(3500), ['open']);
  at.refuses = false;
  t.deepEqual(await at.look(4000), ['not-taken']);
  t.deepEqual(await at.look(4500), ['not-taken']);
});

test('in another term it is judged as what it was: somebody may have led meanwhile', async (t) => {
  const at = new InDanger();
  await at.look(0);
  await at.look(3000);
  at.refuses = false;
  at.status.term = 5;
  await at.look(3500);
  t.deepEqual(await at.look(6000), ['open']);
});
