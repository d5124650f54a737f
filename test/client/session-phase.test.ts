import test from 'ava';
import { nextPhase, type SessionInput, type SessionPhase } from '../../src/client/core/session-phase.ts';
import { sessionId } from '../../src/foundation/ids.ts';

const states = {
  none: { state: 'none' },
  due: { state: 'opening', nonce: 'n', sent: false },
  asked: { state: 'opening', nonce: 'n', sent: true },
  open: { state: 'open', id: sessionId(7) },
} satisfies Record<string, SessionPhase>;

const inputs: { [Type in SessionInput['type']]: Extract<SessionInput, { readonly type: Type }> } = {
  needed: { type: 'needed', nonce: 'n' },
  openSent: { type: 'openSent' },
  opened: { type: 'opened', id: sessionId(7) },
  openRefused: { type: 'openRefused' },
  streamLost: { type: 'streamLost' },
  expired: { type: 'expired' },
};

type Name = keyof typeof states;

/** Total: a pair that is missing does not compile. */
const table: Record<Name, Record<SessionInput['type'], Name>> = {
  none: {
    needed: 'due',
    openSent: 'none',
    opened: 'none',
    openRefused: 'none',
    streamLost: 'none',
    expired: 'none',
  },
  due: {
    needed: 'due',
    openSent: 'asked',
    opened: 'due',
    openRefused: 'due',
    streamLost: 'due',
    expired: 'due',
  },
  asked: {
    needed: 'asked',
    openSent: 'asked',
    opened: 'open',
    openRefused: 'due',
    streamLost: 'due',
    expired: 'asked',
  },
  open: {
    needed: 'open',
    openSent: 'open',
    opened: 'open',
    openRefused: 'open',
    streamLost: 'open',
    expired: 'none',
  },
};

for (const [from, row] of Object.entries(table)) {
  for (const [type, to] of Object.entries(row)) {
    test(`${from} × ${type}`, (t) => {
      t.deepEqual(nextPhase(states[from as Name], inputs[type as SessionInput['type']]), states[to]);
    });
  }
}

test('a session after an expired one has a nonce of its own', (t) => {
  const again = nextPhase(nextPhase(states.open, inputs.expired), { type: 'needed', nonce: 'm' });
  t.deepEqual(again, { state: 'opening', nonce: 'm', sent: false });
});
