import test from 'ava';
import { logIndex, type NodeId, nodeId } from '../../../src/foundation/ids.ts';
import { activateMutant } from '../../../src/foundation/mutants.ts';
import { seededRandom } from '../../../src/foundation/random.ts';
import { Integrity, type IntegrityOptions } from '../../../src/node/integrity/integrity.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import { Life } from '../../../src/simulator/world/life.ts';
import { nodeClock } from '../../../src/simulator/world/node-clock.ts';
import { Scheduler } from '../../../src/simulator/world/scheduler.ts';

const [a, b, c] = ['a', 'b', 'c'].map(nodeId) as [NodeId, NodeId, NodeId];
const at = logIndex(10);

/** Leader `a` of three; its state at entry 10 has the digest of four spaces `x`. */
class World {
  readonly scheduler = new Scheduler();
  readonly integrity: Integrity;
  readonly #raft = {
    status: { role: 'leader', configuration: { voters: [a, b, c], outgoing: [], learners: [] } },
  };

  constructor() {
    const life = new Life('a', this.scheduler, (error) => {
      throw error;
    });
    this.integrity = new Integrity({
      self: a,
      raft: this.#raft,
      state: { applied: { index: at }, timeMs: 0, whole: true, digest: () => 'x', alarms: () => [] },
      clock: nodeClock(this.scheduler, life, { originMs: 5000, drift: 0, wallOffsetMs: 0 }, seededRandom(1)),
      nodeLog: silentLog,
      incarnation: 'i',
      doubt: () => null,
      isWhole: () => true,
      counts: () => true,
      isOpen: () => false,
      propose: () => {},
      quarantine: () => {},
      sendImage: () => {},
    } as unknown as IntegrityOptions);
    this.#tick();
  }

  says(id: NodeId, digest: string, doubt: string | null = null): void {
    this.scheduler.at(this.scheduler.nowMs, () => {
      const notes = doubt === null ? [{ index: at, digest: `${digest} ${digest} ${digest} ${digest}` }] : [];
      this.integrity.heard(id, { generation: '1', notes, doubt });
    });
  }

  /** What becomes of an image for `c`, and when. */
  async image(): Promise<string> {
    const { scheduler } = this;
    const beganMs = scheduler.nowMs;
    let found = '';
    const now = (): string => (scheduler.nowMs - beganMs < 100 ? 'at once' : 'late');
    this.integrity.confirmed(at, c).then(
      () => {
        found = `sent ${now()}`;
      },
      (error: { readonly code?: string }) => {
        found = `refused ${now()}: ${error.code}`;
      },
    );
    await scheduler.run(
      beganMs + 5000,
      () => {},
      () => found !== '',
    );
    return found;
  }

  run(ms: number): Promise<void> {
    return this.scheduler.run(this.scheduler.nowMs + ms, () => {});
  }

  #tick(): void {
    this.scheduler.after(10, () => {
      this.integrity.tick();
      this.#tick();
    });
  }
}

test.serial('an image that a majority confirms is sent at once', async (t) => {
  const world = new World();
  await world.run(2000);
  world.says(b, 'x');
  await world.run(100);
  t.is(await world.image(), 'sent at once');
});

test.serial(
  'a new leader waits until it has heard of the others; for those who stay away not for ever',
  async (t) => {
    t.is(await new World().image(), 'sent late');
    const world = new World();
    await world.run(2000);
    t.is(await world.image(), 'sent at once');
  },
);

test.serial('while another one says otherwise no image is sent (unconfirmed-image is found)', async (t) => {
  t.teardown(() => activateMutant(null));
  const disputed = async (): Promise<string> => {
    const world = new World();
    await world.run(100);
    world.says(b, 'y');
    await world.run(100);
    return world.image();
  };
  t.is(await disputed(), 'refused late: under-doubt');
  activateMutant('unconfirmed-image');
  t.is(await disputed(), 'sent at once');
});

test.serial('who doubts itself by now disputes nothing', async (t) => {
  const world = new World();
  await world.run(100);
  world.says(b, 'y');
  await world.run(2000);
  world.says(b, '', 'its image is damaged');
  await world.run(100);
  t.is(await world.image(), 'sent at once');
});
