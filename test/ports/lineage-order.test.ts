import test from 'ava';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { compareLineage } from '../../src/ports/lineage-order.ts';

const at = (clusterId: string, epoch: number) => ({ clusterId, epoch });

test.serial('what a lineage is to another', (t) => {
  t.is(compareLineage(at('c', 0), at('c', 0)), 'same');
  t.is(compareLineage(at('c', 0), at('c+1', 1)), 'newer');
  t.is(compareLineage(at('c+1', 1), at('c', 0)), 'older');
  t.is(compareLineage(at('c+1', 1), at('c+2', 1)), 'conflict');
  t.is(compareLineage(at('c', 0), at('d', 5)), 'foreign');
});

test.serial('a member of an older epoch is refused (the mutant takes it in)', (t) => {
  activateMutant('old-epoch-accepted');
  t.teardown(() => activateMutant(null));
  t.not(compareLineage(at('c+1', 1), at('c', 0)), 'older');
});
