import test from 'ava';
import {
  type Followed,
  type LeaderFact,
  type LeaderState,
  stepLeader,
} from '../../src/failover/leader-state.ts';
import { nodeId, term } from '../../src/foundation/ids.ts';

const of: Followed = { leader: nodeId('a'), term: term(3), identity: null };
const next: Followed = { leader: nodeId('b'), term: term(4), identity: null };

const states = {
  none: { kind: 'none' },
  alive: { kind: 'alive', of },
  dropped: { kind: 'dropped', of },
  silent: { kind: 'silent', of },
  refused: { kind: 'dead', of, cause: 'refused' },
  replaced: { kind: 'dead', of, cause: 'replaced' },
  silence: { kind: 'dead', of, cause: 'silence' },
  majority: { kind: 'dead', of, cause: 'majority' },
} as const satisfies Record<string, LeaderState>;
type StateName = keyof typeof states;

const facts = {
  followed: { kind: 'followed', of: next },
  unfollowed: { kind: 'unfollowed' },
  heard: { kind: 'heard', late: false },
  heardLate: { kind: 'heard', late: true },
  dropped: { kind: 'dropped' },
  refused: { kind: 'refused' },
  confirmed: { kind: 'confirmed' },
  refuted: { kind: 'refuted' },
  unanswered: { kind: 'unanswered' },
  overdue: { kind: 'overdue' },
  outvoted: { kind: 'outvoted' },
  questioned: { kind: 'questioned' },
} as const satisfies Record<LeaderFact['kind'] | 'heardLate', LeaderFact>;
type FactName = keyof typeof facts;

/** State after, with `+` what is to be done: p probe, L declareLost, A declareAlive. `new`: alive, following the next one. */
const table: Record<FactName, Record<StateName, string>> = {
  followed: row('new', 'new', 'new', 'new', 'new', 'new', 'new', 'new'),
  unfollowed: row('none', 'none', 'none', 'none', 'none', 'none', 'none', 'none'),
  heard: row('none', 'alive', 'dropped', 'alive+A', 'refused', 'replaced', 'alive+A', 'alive+A'),
  heardLate: row('none', 'alive', 'dropped', 'alive+A', 'alive+A', 'replaced', 'alive+A', 'alive+A'),
  dropped: row('none', 'dropped+p', 'dropped', 'dropped+p', 'refused', 'replaced', 'silence', 'majority'),
  refused: row('none', 'refused+L', 'refused+L', 'refused+L', 'refused', 'replaced', 'refused', 'refused'),
  confirmed: row('none', 'alive+A', 'alive+A', 'alive+A', 'alive+A', 'replaced', 'alive+A', 'alive+A'),
  refuted: row(
    'none',
    'replaced+L',
    'replaced+L',
    'replaced+L',
    'replaced',
    'replaced',
    'replaced',
    'replaced',
  ),
  unanswered: row('none', 'silent', 'silent', 'silent', 'refused', 'replaced', 'silence', 'majority'),
  overdue: row('none', 'silence+L', 'silence+L', 'silence+L', 'refused', 'replaced', 'silence', 'majority'),
  outvoted: row(
    'none',
    'majority+L',
    'majority+L',
    'majority+L',
    'refused',
    'replaced',
    'silence',
    'majority',
  ),
  questioned: row('none', 'alive+p', 'dropped', 'silent+p', 'refused', 'replaced', 'silence', 'majority'),
};

function row(...cells: [string, string, string, string, string, string, string, string]) {
  const [none, alive, dropped, silent, refused, replaced, silence, majority] = cells;
  return { none, alive, dropped, silent, refused, replaced, silence, majority };
}

function nameOf(state: LeaderState): string {
  if (state.kind !== 'none' && state.of === next) return state.kind === 'alive' ? 'new' : 'wrong';
  return state.kind === 'dead' ? state.cause : state.kind;
}

const effects = { probe: '+p', declareLost: '+L', declareAlive: '+A' } as const;

for (const fact of Object.keys(facts) as FactName[]) {
  test(`every state on '${fact}'`, (t) => {
    for (const state of Object.keys(states) as StateName[]) {
      const step = stepLeader(states[state], facts[fact]);
      const found = nameOf(step.state) + (step.effect === null ? '' : effects[step.effect]);
      t.is(found, table[fact][state], `${state} on ${fact}`);
    }
  });
}
