import type { TestFn } from 'ava';
import type { Space } from '../../src/ports/delta.ts';
import { failures } from './conformance/failures.ts';
import { keys } from './conformance/keys.ts';
import { leases } from './conformance/leases.ts';
import { type StartSubject, suiteFor } from './conformance/subject.ts';
import { transactions } from './conformance/transactions.ts';
import { watches } from './conformance/watches.ts';

/** What every implementation of the port `StateClient` must answer, whatever server is behind it. */
export function stateClientConformance(test: TestFn, name: string, space: Space, start: StartSubject): void {
  const suite = suiteFor(test, `${name}, ${space}`, space, start);
  keys(suite);
  transactions(suite);
  leases(suite);
  watches(suite);
  failures(suite);
}
