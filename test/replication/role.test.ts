import test from 'ava';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { type Role, readRole, writeRole } from '../../src/replication/promotion/role.ts';
import { MemoryFolder } from './memory-folder.ts';

const roles: readonly Role[] = [
  { tier: 'hot', lineage: { clusterId: 'c+49604185', epoch: 2 } },
  { tier: 'warm', lineage: null },
];

/** Every bit of the file in turn: what is read then, null where nothing is. */
async function wrongRoles(role: Role): Promise<readonly string[]> {
  const whole = new MemoryFolder();
  await writeRole(whole, role);
  const text = Buffer.from(whole.notes.get('role.json')!, 'latin1');
  const wrong: string[] = [];
  for (let at = 0; at < text.length; at++)
    for (let bit = 0; bit < 8; bit++) {
      const bytes = Buffer.from(text);
      bytes[at] = bytes[at]! ^ (1 << bit);
      const folder = new MemoryFolder();
      // As a file with a byte that is no UTF-8 is read.
      folder.notes.set('role.json', bytes.toString('utf8'));
      let repairs = 0;
      const read = await readRole(folder, () => {
        repairs += 1;
      });
      if (JSON.stringify(read) !== JSON.stringify(role))
        wrong.push(`byte ${at} bit ${bit}: ${JSON.stringify(read)}`);
      const isWhole = folder.notes.get('role.json') === whole.notes.get('role.json');
      if (!isWhole || repairs > 1) wrong.push(`byte ${at} bit ${bit}: not repaired`);
    }
  return wrong;
}

test.serial('whatever bit of a role flips, it is read as it was written, and repaired', async (t) => {
  for (const role of roles) t.deepEqual(await wrongRoles(role), []);
});

test.serial('role-checksum-ignored is found', async (t) => {
  activateMutant('role-checksum-ignored');
  t.teardown(() => activateMutant(null));
  t.true((await wrongRoles(roles[0]!)).length > 0);
});

test('a role that cannot be trusted at all is refused; one of an earlier version is taken and made safe', async (t) => {
  for (const text of [
    '',
    '{',
    '{"tier":"hos","lineage":null}',
    '{"tier":"hot","lineage":{"clusterId":1}}',
    '7\n\n8',
  ]) {
    const folder = new MemoryFolder();
    folder.notes.set('role.json', text);
    await t.throwsAsync(readRole(folder), { code: 'data-damaged' } as never, text);
  }
  const folder = new MemoryFolder();
  folder.notes.set('role.json', JSON.stringify(roles[0]));
  t.deepEqual(await readRole(folder), roles[0]!);
  const now = new MemoryFolder();
  await writeRole(now, roles[0]!);
  t.is(folder.notes.get('role.json'), now.notes.get('role.json'));
  t.is(await readRole(new MemoryFolder()), null);
});
