import type { Command } from '../../src/ports/command.ts';
import { del, grant, put, revoke, txn } from '../state/commands.ts';
import { noPolicy, policy } from './warm-world.ts';

/** A change of the kinds that there are, at random. */
export function randomChange(next: (n: number) => number): Command {
  const key = `${'abq'[next(3)]}/${next(6)}/${next(4)}`;
  switch (next(12)) {
    case 0:
      return del(key);
    case 1:
      return del('a/1', 'a/3');
    case 2:
      return put(key, `p${next(100)}`, { space: 'planes' });
    case 3:
      return txn([], [put(key, 'x'), put(`a/${next(6)}/t`, `${next(100)}`), del(`a/${next(6)}/0`)]);
    case 4:
      return policy(['a/', 'a/1', 'b/', 'a/1/2', ''][next(5)]!, next(3) === 0 ? 'full' : 'critical');
    case 5:
      return noPolicy(['a/1', 'b/', 'a/1/2', ''][next(4)]!);
    case 6:
      return grant(BigInt(1 + next(5)), 50_000);
    case 7:
      return revoke(BigInt(1 + next(5)));
    default:
      return put(key, `v${next(1000)}`);
  }
}
