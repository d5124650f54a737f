import test from 'ava';
import {
  candidates,
  initialRouter,
  leaderAddress,
  nextRouter,
  type Route,
  type RouterInput,
  type RouterState,
} from '../../src/client/core/router.ts';
import { nodeId, term } from '../../src/foundation/ids.ts';
import type { Lineage } from '../../src/ports/replication.ts';
import type { Member, Routing } from '../../src/protocol/status/routing.ts';

const member = (id: string): Member => ({
  id: nodeId(id),
  clientAddress: `${id}:1`,
  peerAddress: '',
  httpAddress: '',
  tier: 'hot',
});
const members = ['a', 'b', 'c'].map(member);

function routing(at: number, leader: string | null, lineage: Lineage | null = null): Routing {
  const succession = members.map(({ id }) => id).filter((id) => id !== leader);
  return { term: term(at), leader: leader === null ? null : nodeId(leader), members, succession, lineage };
}

/** The one that is followed, and others: begun from the same one, before it, after it. */
const own = { clusterId: 'x+own', epoch: 2 };
const sibling = { clusterId: 'x+sibling', epoch: 2 };
const elder = { clusterId: 'x', epoch: 1 };
const heir = { clusterId: 'x+heir', epoch: 3 };

/** What a member says. */
function says(of: Routing, from = 'b:1'): RouterInput {
  return { type: 'routing', from, routing: of, nowMs: 10 };
}

const seeds = ['a:1', 'b:1', 'c:1'];

function reach(...inputs: RouterInput[]): RouterState {
  return inputs.reduce(nextRouter, initialRouter(seeds));
}

function brief({ route }: { readonly route: Route }): string {
  if (route.state === 'detached') return `detached until ${route.retryAtMs}`;
  return `${route.address} ${route.trusted ? 'trusted' : 'guess'} #${route.stream}`;
}

const states = {
  fresh: initialRouter(seeds),
  guessing: reach({ type: 'tick', nowMs: 0 }),
  following: reach(says(routing(5, 'a'))),
  failingOver: reach(says(routing(5, 'a')), { type: 'linkDown', address: 'a:1', nowMs: 10 }),
  inLineage: reach(says(routing(5, 'a', own), 'a:1')),
  allDown: reach(...seeds.map((address): RouterInput => ({ type: 'linkDown', address, nowMs: 10 })), {
    type: 'tick',
    nowMs: 10,
  }),
} satisfies Record<string, RouterState>;

const followedByAll = ['b:1', 'c:1'].reduce(
  (state, from) => nextRouter(state, says(routing(5, 'a'), from)),
  states.following,
);

/** Stream 1 or 2 is the present one in the attached states; 9 never is. */
const inputs = {
  sameLeader: says(routing(5, 'a')),
  newLeader: says(routing(6, 'c')),
  nobodyLeads: says(routing(6, null)),
  oldNews: says(routing(4, 'b')),
  linkUpA: { type: 'linkUp', address: 'a:1' },
  linkDownA: { type: 'linkDown', address: 'a:1', nowMs: 10 },
  firstLost: { type: 'streamLost', stream: 1, nowMs: 10 },
  secondRefused: { type: 'refused', stream: 2, nowMs: 10 },
  staleLost: { type: 'streamLost', stream: 9, nowMs: 10 },
  firstAnswered: { type: 'answered', stream: 1 },
  tick: { type: 'tick', nowMs: 100 },
  sibling: says(routing(7, 'c', sibling), 'c:1'),
  elder: says(routing(8, 'c', elder), 'c:1'),
  heir: says(routing(7, 'c', heir), 'c:1'),
} satisfies Record<string, RouterInput>;

/** Total: a pair that is missing does not compile. */
const table: Record<keyof typeof states, Record<keyof typeof inputs, string>> = {
  fresh: {
    sameLeader: 'a:1 trusted #1',
    newLeader: 'c:1 trusted #1',
    nobodyLeads: 'detached until 0',
    oldNews: 'b:1 trusted #1',
    linkUpA: 'detached until 0',
    linkDownA: 'detached until 0',
    firstLost: 'detached until 0',
    secondRefused: 'detached until 0',
    staleLost: 'detached until 0',
    firstAnswered: 'detached until 0',
    tick: 'a:1 guess #1',
    sibling: 'c:1 trusted #1',
    elder: 'c:1 trusted #1',
    heir: 'c:1 trusted #1',
  },
  guessing: {
    sameLeader: 'a:1 trusted #1',
    newLeader: 'c:1 trusted #2',
    nobodyLeads: 'a:1 guess #1',
    oldNews: 'b:1 trusted #2',
    linkUpA: 'a:1 guess #1',
    linkDownA: 'b:1 guess #2',
    firstLost: 'b:1 guess #2',
    secondRefused: 'a:1 guess #1',
    staleLost: 'a:1 guess #1',
    firstAnswered: 'a:1 trusted #1',
    tick: 'a:1 guess #1',
    sibling: 'c:1 trusted #2',
    elder: 'c:1 trusted #2',
    heir: 'c:1 trusted #2',
  },
  following: {
    sameLeader: 'a:1 trusted #1',
    newLeader: 'c:1 trusted #2',
    nobodyLeads: 'a:1 trusted #1',
    oldNews: 'a:1 trusted #1',
    linkUpA: 'a:1 trusted #1',
    linkDownA: 'b:1 guess #2',
    firstLost: 'b:1 guess #2',
    secondRefused: 'a:1 trusted #1',
    staleLost: 'a:1 trusted #1',
    firstAnswered: 'a:1 trusted #1',
    tick: 'a:1 trusted #1',
    sibling: 'c:1 trusted #2',
    elder: 'c:1 trusted #2',
    heir: 'c:1 trusted #2',
  },
  inLineage: {
    sameLeader: 'a:1 trusted #1',
    newLeader: 'c:1 trusted #2',
    nobodyLeads: 'a:1 trusted #1',
    oldNews: 'a:1 trusted #1',
    linkUpA: 'a:1 trusted #1',
    linkDownA: 'b:1 guess #2',
    firstLost: 'b:1 guess #2',
    secondRefused: 'a:1 trusted #1',
    staleLost: 'a:1 trusted #1',
    firstAnswered: 'a:1 trusted #1',
    tick: 'a:1 trusted #1',
    sibling: 'a:1 trusted #1',
    elder: 'a:1 trusted #1',
    heir: 'c:1 trusted #2',
  },
  failingOver: {
    sameLeader: 'b:1 guess #2',
    newLeader: 'c:1 trusted #3',
    nobodyLeads: 'b:1 guess #2',
    oldNews: 'b:1 guess #2',
    linkUpA: 'a:1 trusted #3',
    linkDownA: 'b:1 guess #2',
    firstLost: 'b:1 guess #2',
    secondRefused: 'c:1 guess #3',
    staleLost: 'b:1 guess #2',
    firstAnswered: 'b:1 guess #2',
    tick: 'b:1 guess #2',
    sibling: 'c:1 trusted #3',
    elder: 'c:1 trusted #3',
    heir: 'c:1 trusted #3',
  },
  allDown: {
    sameLeader: 'detached until 60',
    newLeader: 'detached until 60',
    nobodyLeads: 'detached until 60',
    oldNews: 'detached until 60',
    linkUpA: 'a:1 guess #1',
    linkDownA: 'detached until 60',
    firstLost: 'detached until 60',
    secondRefused: 'detached until 60',
    staleLost: 'detached until 60',
    firstAnswered: 'detached until 60',
    tick: 'detached until 150',
    sibling: 'detached until 60',
    elder: 'detached until 60',
    heir: 'detached until 60',
  },
};

for (const [stateName, row] of Object.entries(table)) {
  for (const [inputName, expected] of Object.entries(row)) {
    test(`${stateName} × ${inputName}`, (t) => {
      const state = states[stateName as keyof typeof states];
      t.is(brief(nextRouter(state, inputs[inputName as keyof typeof inputs])), expected);
    });
  }
}

test('members of another lineage are no candidates, until they are of the followed one', (t) => {
  let state = states.inLineage;
  for (const [from, lineage] of [
    ['b:1', sibling],
    ['c:1', elder],
  ] as const)
    state = nextRouter(state, says(routing(9, null, lineage), from));
  t.deepEqual(candidates(state), ['a:1']);
  t.deepEqual(state.conflict, { address: 'b:1', lineage: sibling, own });
  state = nextRouter(state, { type: 'linkDown', address: 'a:1', nowMs: 10 });
  t.is(brief(state), 'detached until 11');
  state = nextRouter(state, { type: 'tick', nowMs: 11 });
  t.is(state.route.state, 'detached');
  state = nextRouter(state, says(routing(5, null, own), 'c:1'));
  t.is(brief(nextRouter(state, { type: 'tick', nowMs: 1000 })), 'c:1 guess #2');
});

test('a guess that turns out to be of another lineage is left before it has answered', (t) => {
  let state = nextRouter(states.inLineage, { type: 'linkDown', address: 'a:1', nowMs: 10 });
  t.is(brief(state), 'b:1 guess #2');
  state = nextRouter(state, says(routing(9, 'b', sibling), 'b:1'));
  t.is(brief(state), 'detached until 0');
  t.is(brief(nextRouter(state, { type: 'tick', nowMs: 11 })), 'c:1 guess #3');
});

test('with a later lineage its members count, and what the former leader did is forgotten', (t) => {
  let state = nextRouter(states.inLineage, says(routing(1, 'b', heir), 'b:1'));
  t.is(brief(state), 'b:1 trusted #2');
  t.deepEqual(state.lineage, heir);
  state = nextRouter(state, says(routing(99, 'a', own), 'a:1'));
  t.is(brief(state), 'b:1 trusted #2');
  t.deepEqual(candidates(state), ['c:1', 'b:1']);
  t.is(state.conflict, null);
});

test('who does not say of which lineage it is, is believed', (t) => {
  const state = nextRouter(states.inLineage, says(routing(6, 'c'), 'c:1'));
  t.is(brief(state), 'c:1 trusted #2');
});

test('the same member, elected again, gets a new stream', (t) => {
  t.is(brief(nextRouter(states.following, says(routing(6, 'a')))), 'a:1 trusted #2');
});

test('a leader whom most of its voters have given up is left for the first heir, whether or not its connection stands', (t) => {
  const one = nextRouter(followedByAll, says(routing(5, null), 'b:1'));
  t.is(brief(one), 'a:1 trusted #1', 'one may be cut off');
  t.is(brief(nextRouter(one, says(routing(5, null), 'b:1'))), 'a:1 trusted #1', 'however often it says so');
  const both = nextRouter(one, says(routing(5, null), 'c:1'));
  t.is(brief(both), 'b:1 guess #2');
  t.is(
    brief(nextRouter(both, says(routing(5, 'a'), 'c:1'))),
    'b:1 guess #2',
    'it is not believed in that term',
  );
  t.is(brief(nextRouter(both, says(routing(6, 'c'), 'c:1'))), 'c:1 trusted #3');
  t.is(brief(nextRouter(one, says(routing(6, null), 'c:1'))), 'b:1 guess #2', 'an election has begun');
});

test('who has not heard of the leader yet has not given it up', (t) => {
  // Leadership was handed over: all but the next leader say that nobody leads, some of them after the next one has announced itself.
  for (const late of [
    ['a:1', 'c:1'],
    ['c:1', 'a:1'],
  ]) {
    let state = nextRouter(followedByAll, says(routing(6, 'b'), 'b:1'));
    for (const from of late) state = nextRouter(state, says(routing(6, null), from));
    t.is(brief(state), 'b:1 trusted #2');
    for (const from of late) state = nextRouter(state, says(routing(6, 'b'), from));
    for (const from of late) state = nextRouter(state, says(routing(6, null), from));
    t.is(brief(state), 'a:1 guess #3', 'now they have');
  }
});

test('the word of a member whose connection broke since does not count', (t) => {
  let state = nextRouter(followedByAll, says(routing(5, null), 'b:1'));
  state = nextRouter(state, { type: 'linkDown', address: 'b:1', nowMs: 10 });
  state = nextRouter(state, says(routing(5, null), 'c:1'));
  t.is(brief(state), 'a:1 trusted #1');
});

test('a leader whom most of its voters have given up is believed again once most of them follow it again', (t) => {
  let state = followedByAll;
  for (const from of ['b:1', 'c:1']) state = nextRouter(state, says(routing(5, null), from));
  t.is(brief(state), 'b:1 guess #2');
  t.is(leaderAddress(state), null);
  for (const from of ['b:1', 'c:1']) state = nextRouter(state, says(routing(5, 'a'), from));
  t.is(leaderAddress(state), 'a:1', 'calls that only a leader answers go there');
  t.is(brief(state), 'a:1 trusted #3');
});

test('a leader that has said itself that it does not lead is not believed because others still follow it', (t) => {
  let state = followedByAll;
  state = nextRouter(state, { type: 'refused', stream: 1, nowMs: 10 });
  for (const from of ['b:1', 'c:1']) {
    state = nextRouter(state, says(routing(5, null), from));
    state = nextRouter(state, says(routing(5, 'a'), from));
  }
  t.is(leaderAddress(state), null);
});

test('a conflict is over once the member that was of another lineage is gone, or of the followed one', (t) => {
  const conflicting = nextRouter(states.inLineage, says(routing(9, null, sibling), 'b:1'));
  t.is(conflicting.conflict?.address, 'b:1');
  t.is(nextRouter(conflicting, { type: 'linkDown', address: 'b:1', nowMs: 10 }).conflict, null);
  t.is(nextRouter(conflicting, says(routing(5, 'a', own), 'b:1')).conflict, null);
  t.is(nextRouter(conflicting, { type: 'linkDown', address: 'c:1', nowMs: 10 }).conflict?.address, 'b:1');
});

test('what was said of an earlier leader, or taken back, does not count', (t) => {
  const one = nextRouter(states.following, says(routing(5, null), 'b:1'));
  const again = nextRouter(one, says(routing(5, 'a'), 'b:1'));
  t.is(brief(nextRouter(again, says(routing(5, null), 'c:1'))), 'a:1 trusted #1');
  const later = nextRouter(one, says(routing(6, 'a'), 'a:1'));
  t.is(brief(nextRouter(later, says(routing(6, null), 'c:1'))), 'a:1 trusted #2');
  t.is(brief(nextRouter(later, says(routing(5, null), 'c:1'))), 'a:1 trusted #2');
});

test('replicas beyond the quorum have no say in who leads', (t) => {
  const wide: Routing = {
    ...routing(5, 'a'),
    members: [...members, ...['d', 'e'].map((id) => ({ ...member(id), tier: 'warm' }))],
  };
  let state = reach(says(wide, 'a:1'));
  for (const from of ['b:1', 'd:1', 'e:1']) state = nextRouter(state, says({ ...wide, leader: null }, from));
  t.is(brief(state), 'a:1 trusted #1');
});

test('a guess that is announced keeps its stream, however often it is announced', (t) => {
  let state = states.guessing;
  for (const from of [null, 'a', 'a']) state = nextRouter(state, says(routing(6, from)));
  t.is(brief(state), 'a:1 trusted #1');
});

test('who has just refused is not asked again at once because a new term began', (t) => {
  let state = nextRouter(states.following, { type: 'linkDown', address: 'a:1', nowMs: 10 });
  state = nextRouter(state, says(routing(6, null)));
  t.is(brief(state), 'b:1 guess #2');
  state = nextRouter(state, { type: 'refused', stream: 2, nowMs: 10 });
  t.is(brief(state), 'c:1 guess #3');
  state = nextRouter(state, says(routing(7, null)));
  state = nextRouter(state, { type: 'refused', stream: 3, nowMs: 11 });
  t.is(brief(state), 'b:1 guess #4');
});

test('each one is tried in turn, whatever connections of others come and go', (t) => {
  let state = nextRouter(states.following, { type: 'refused', stream: 1, nowMs: 10 });
  const tried = new Set<string>();
  for (let round = 0; round < 12; round++) {
    const { route } = state;
    if (route.state === 'attached') {
      tried.add(route.address);
      if (route.address === 'c:1') {
        state = nextRouter(state, { type: 'linkDown', address: 'c:1', nowMs: 10 + round });
        state = nextRouter(state, { type: 'linkUp', address: 'c:1' });
      } else state = nextRouter(state, { type: 'refused', stream: route.stream, nowMs: 10 + round });
    } else state = nextRouter(state, { type: 'tick', nowMs: 1000 * round });
  }
  t.deepEqual([...tried].sort(), ['a:1', 'b:1', 'c:1']);
});

test('an announced leader that refuses is not believed again in that term', (t) => {
  let state = nextRouter(states.following, { type: 'refused', stream: 1, nowMs: 10 });
  t.is(brief(state), 'b:1 guess #2');
  state = nextRouter(state, says(routing(5, 'a')));
  t.is(brief(state), 'b:1 guess #2');
  t.is(brief(nextRouter(state, says(routing(6, 'a')))), 'a:1 trusted #3');
});

test('while all refuse: each is tried at once, then with growing waits of at most 50 ms', (t) => {
  let state: RouterState = states.following;
  let nowMs = 0;
  const waits: number[] = [];
  const tried = new Set<string>();
  for (let i = 0; i < 16; i++) {
    const { route } = state;
    if (route.state === 'attached') {
      tried.add(route.address);
      state = nextRouter(state, { type: 'refused', stream: route.stream, nowMs });
    }
    if (state.route.state === 'detached') {
      waits.push(state.route.retryAtMs - nowMs);
      nowMs = state.route.retryAtMs;
      state = nextRouter(state, { type: 'tick', nowMs });
    }
  }
  t.deepEqual(waits.slice(0, 7), [2, 4, 8, 16, 32, 50, 50]);
  t.is(tried.size, 3);
});

test('heirs first, then the others, whoever failed last', (t) => {
  t.deepEqual(candidates(nextRouter(states.following, { type: 'streamLost', stream: 1, nowMs: 0 })), [
    'b:1',
    'c:1',
    'a:1',
  ]);
});
