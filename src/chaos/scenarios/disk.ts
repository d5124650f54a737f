import type { Scenario, ScenarioContext } from '../scenario.ts';
import type { Target } from '../target.ts';
import {
  type Ailment,
  afflicted,
  again,
  bringBack,
  claimOne,
  drawMs,
  type Role,
  recovery,
  rest,
  takenDown,
} from './parts.ts';

/** What happens to the disk of a member while it is down. What destroys synced data stays within a minority of the voters. */

interface Damage {
  readonly name: string;
  readonly role: Role;
  /** Says what was done; null: there was nothing to do it to. */
  readonly inflict: (target: Target, id: string, random: () => number) => Promise<string | null>;
}

const mostAttempts = 3;

async function damaged(context: ScenarioContext, { name, role, inflict }: Damage): Promise<void> {
  const { target, random } = context;
  const ailment = (id: string): Ailment => ({
    name,
    detail: 'while it is down',
    ...(role === 'leader' ? { budget: 'kill' } : {}),
    hurt: async (fault) => {
      let done: string | null = null;
      for (let attempts = 0; done === null && attempts < mostAttempts; attempts++) {
        // Once more in its life: a store that is opened writes its log into a table.
        if (attempts > 0) await target.start(id);
        target.signal(id, 'SIGKILL');
        await target.exited(id);
        done = await inflict(target, id, () => random.next());
      }
      if (done === null) fault.undone(`${id} has nothing to damage yet`);
      else context.note(`${id}: ${done}`);
      await rest(context, 100, 1000);
    },
    cure: () => bringBack(target, [id]),
  });
  await afflicted(context, role, ailment, { destroys: true });
}

/** The folder as it was some seconds ago comes back: what the member acknowledged since is forgotten. */
async function oldImage(context: ScenarioContext): Promise<void> {
  const { target } = context;
  const claim = await claimOne(context, 'follower', { destroys: true });
  const { id } = claim;
  try {
    let saved: string | null = null;
    await takenDown(
      context,
      { ids: [id], release: () => undefined },
      { name: 'copy the disk', signal: 'SIGTERM' },
      async () => {
        await target.exited(id);
        saved = await target.disk.save(id);
      },
    );
    await context.recovered();
    await rest(context, 500, 3000);
    await takenDown(
      context,
      { ids: [id], release: () => undefined },
      { name: 'old disk image', signal: 'SIGKILL' },
      async () => {
        await target.exited(id);
        if (saved !== null) await target.disk.putBack(id, saved);
      },
    );
  } finally {
    claim.release();
  }
  await recovery(context);
}

async function slowSyncs(context: ScenarioContext): Promise<void> {
  const { target, random } = context;
  await afflicted(context, random.chance(0.5) ? 'leader' : 'follower', (id) => {
    const ms = drawMs(random, 20, 500);
    return {
      name: 'slow syncs',
      detail: `${ms} ms each`,
      hurt: async () => {
        target.fault(id, { kind: 'slow-sync', ms });
        await rest(context, 2000, 8000);
      },
      cure: async () => target.fault(id, { kind: 'slow-sync', ms: 0 }),
    };
  });
}

/** A disk that fails a sync leaves unknown what it has: the member must not go on with it. It is started again. */
async function failingSync(context: ScenarioContext): Promise<void> {
  const { target, random } = context;
  await afflicted(context, random.chance(0.5) ? 'leader' : 'follower', (id) => {
    const database = random.chance(0.7) ? 'log' : 'state';
    return {
      name: 'sync error',
      detail: `the next sync of its ${database} fails`,
      hurt: async (fault) => {
        target.fault(id, { kind: 'sync-error', database });
        await rest(context, 1000, 4000);
        // Of one that struck the member has ended.
        if (target.pid(id) !== null) fault.undone(`${id} synced nothing of its ${database} meanwhile`);
      },
      cure: async () => {
        target.signal(id, 'SIGKILL');
        await bringBack(target, [id]);
      },
    };
  });
}

/** Reads of what is stored fail for a while. */
async function failingReads(context: ScenarioContext): Promise<void> {
  const { target, random } = context;
  await afflicted(context, random.chance(0.5) ? 'leader' : 'follower', (id) => {
    const database = random.chance(0.5) ? 'log' : 'state';
    return {
      name: 'disk read errors',
      detail: `of its ${database}`,
      hurt: async () => {
        target.fault(id, { kind: 'read-error', database, lasts: true });
        await rest(context, 1000, 5000);
      },
      cure: async () => {
        target.fault(id, { kind: 'read-error', database, lasts: false });
        if (target.pid(id) === null) await bringBack(target, [id]);
      },
    };
  });
}

const common = { needs: [], hot: 3, sets: ['all'] } as const;

function damage(name: string, description: string, of: Omit<Damage, 'name'>): Scenario {
  return { ...common, name, description, run: (context) => again(() => damaged(context, { name, ...of })) };
}

export const diskScenarios: readonly Scenario[] = [
  damage('bit-flip-table', 'a bit flips in a closed table of a stopped node', {
    role: 'follower',
    inflict: (target, id, random) => target.disk.flipBit(id, 'table', random),
  }),
  {
    ...damage('bit-flip-log', 'a bit flips in the log of a stopped node', {
      role: 'follower',
      inflict: (target, id, random) => target.disk.flipBit(id, 'log', random),
    }),
    sets: ['all', 'quick'],
  },
  damage('truncated-tail', 'the end of the log of a stopped node is cut off', {
    role: 'leader',
    inflict: (target, id, random) => target.disk.truncateTail(id, random),
  }),
  {
    ...damage('removed-data', 'the data folder of a stopped node is removed', {
      role: 'leader',
      inflict: async (target, id) => {
        await target.disk.remove(id);
        return 'its data is removed';
      },
    }),
    sets: ['all', 'quick'],
  },
  {
    ...common,
    name: 'old-disk-image',
    description: 'a node comes back with its disk of some seconds ago',
    run: (context) => again(() => oldImage(context)),
  },
  {
    ...common,
    name: 'sync-errors',
    description: 'a sync of the log or of the state fails, and all writes after it',
    needs: ['fault-layer'],
    run: (context) => again(() => failingSync(context)),
  },
  {
    ...common,
    name: 'read-errors',
    description: 'reads of the log or of the state fail for a while',
    needs: ['fault-layer'],
    run: (context) => again(() => failingReads(context)),
  },
  {
    ...common,
    name: 'slow-syncs',
    description: 'synced writes of a node take 20 to 500 ms longer',
    needs: ['fault-layer'],
    run: (context) => again(() => slowSyncs(context)),
  },
];
