// biome-ignore-all lint/suspicious/noThenProperty: the word that etcd's transactions use
import type { Etcd3Suite } from './subject.ts';

/** `Isolation.Serializable`. The default asks more: that what is written changed no later than what was read. */
const serializable = 1;

export function keys({ test }: Etcd3Suite): void {
  test('single keys: strings, numbers, JSON, buffers', async (t, client) => {
    t.is(await client.get('none'), null);
    t.false(await client.get('none').exists());
    t.is(await client.get('none').json(), null);
    await client.put('text').value('grün');
    await client.put('number').value(42.5);
    await client.put('json').value(JSON.stringify({ a: [1, 2] }));
    await client.put('bytes').value(Buffer.from([0, 255]));
    t.is(await client.get('text').string(), 'grün');
    t.true(await client.get('text').exists());
    t.is(await client.get('number').number(), 42.5);
    t.deepEqual(await client.get('json').json(), { a: [1, 2] });
    t.deepEqual(await client.get('bytes').buffer(), Buffer.from([0, 255]));
  });

  test('puts: previous values, touching, older revisions', async (t, client) => {
    const { header } = await client.put('k').value('1').exec();
    const previous = await client.put('k').value('2').getPrevious();
    t.is(previous.value.toString(), '1');
    t.is(previous.version, '1');
    await client.put('k').touch();
    const { kvs } = await client.get('k').exec();
    t.is(kvs[0]?.version, '3');
    t.is(kvs[0]?.value.toString(), '2');
    t.is(await client.get('k').revision(header.revision).string(), '1');
    t.is(await client.get('k').serializable(false).string(), '2');
    t.is(
      await client
        .get('k')
        .minModRevision(Number(header.revision) + 1)
        .string(),
      '2',
    );
    t.is(await client.get('k').maxModRevision(header.revision).string(), null);
  });

  test('many keys: prefix, range, all, sort, limit, count', async (t, client) => {
    for (const [key, value] of [
      ['a', 3],
      ['b/1', 2],
      ['b/2', 1],
      ['c', 5],
    ] as const)
      await client.put(key).value(value);
    t.deepEqual(await client.getAll().numbers(), { a: 3, 'b/1': 2, 'b/2': 1, c: 5 });
    t.deepEqual(await client.getAll().strings(), { a: '3', 'b/1': '2', 'b/2': '1', c: '5' });
    t.deepEqual(await client.getAll().json(), { a: 3, 'b/1': 2, 'b/2': 1, c: 5 });
    t.deepEqual((await client.getAll().buffers()).a, Buffer.from('3'));
    t.deepEqual(await client.getAll().prefix('b/').keys(), ['b/1', 'b/2']);
    t.deepEqual(await client.getAll().prefix('b/').keyBuffers(), [Buffer.from('b/1'), Buffer.from('b/2')]);
    t.deepEqual(await client.getAll().inRange({ start: 'a', end: 'b/2' }).keys(), ['a', 'b/1']);
    t.deepEqual(await client.getAll().sort('Value', 'Descend').limit(2).keys(), ['c', 'a']);
    t.deepEqual(await client.getAll().sort('Key', 'Descend').limit(1).keys(), ['c']);
    t.deepEqual(await client.getAll().sort('Create', 'Ascend').keys(), ['a', 'b/1', 'b/2', 'c']);
    t.is(await client.getAll().count(), 4);
    t.is(await client.getAll().prefix('b').count(), 2);
    t.true((await client.getAll().limit(1).exec()).more);
  });

  test('namespaces, one in another', async (t, client, whole) => {
    const inner = client.namespace('inner/');
    await inner.put('k').value('v');
    await client.put('outside').value('');
    t.is(await client.get('inner/k').string(), 'v');
    t.deepEqual(await inner.getAll().strings(), { k: 'v' });
    t.is(await whole.get('k').string(), null);
    await inner.delete().all();
    t.deepEqual(await client.getAll().keys(), ['outside']);
  });

  test('deletes: key, prefix, range, all, previous', async (t, client) => {
    for (const key of ['a', 'b/1', 'b/2', 'c', 'd', 'e']) await client.put(key).value(key);
    t.is((await client.delete().key('none').exec()).deleted, '0');
    const [gone] = await client.delete().key('a').getPrevious();
    t.is(gone?.value.toString(), 'a');
    t.is((await client.delete().prefix('b/').exec()).deleted, '2');
    t.is((await client.delete().inRange({ start: 'c', end: 'd' }).exec()).deleted, '1');
    t.deepEqual(await client.getAll().keys(), ['d', 'e']);
    t.is((await client.delete().all().exec()).deleted, '2');
  });

  test('if, then, else', async (t, client) => {
    const attempt = () =>
      client
        .if('k', 'Create', '==', 0)
        .and('other', 'Version', '<', 1)
        .then(client.put('k').value('first'), client.get('k'))
        .else(client.get('k'), client.delete().key('k'))
        .commit();
    const won = await attempt();
    t.true(won.succeeded);
    t.is(won.responses[1]?.response_range.kvs[0]?.value.toString(), 'first');
    const lost = await attempt();
    t.false(lost.succeeded);
    t.is(lost.responses[0]?.response_range.kvs[0]?.value.toString(), 'first');
    t.is(lost.responses[1]?.response_delete_range.deleted, '1');
    await client.put('k').value('m');
    const { kvs } = await client.get('k').exec();
    for (const [column, sign, value, holds] of [
      ['Value', '==', 'm', true],
      ['Value', '>', 'm', false],
      ['Value', '!==', 'x', true],
      ['Mod', '==', Number(kvs[0]?.mod_revision), true],
      ['Mod', '<', Number(kvs[0]?.mod_revision), false],
      ['Version', '===', 1, true],
      ['Create', '!=', 0, true],
    ] as const)
      t.is(
        (await client.if('k', column, sign, value).commit()).succeeded,
        holds,
        `${column} ${sign} ${value}`,
      );
  });

  // At one member: at several, etcd3 reads at a revision that some may not have yet, and gives up when they say so.
  test('software transactions', async (t, _namespace, _whole, client) => {
    await client.put('a').value(100);
    await client.put('b').value(0);
    const move = () =>
      client.stm({ retries: 100, isolation: serializable }).transact(async (tx) => {
        const [from, to] = await Promise.all([tx.get('a').number(), tx.get('b').number()]);
        await tx.put('a').value((from ?? 0) - 1);
        await tx.put('b').value((to ?? 0) + 1);
        return tx.get('b').number();
      });
    await Promise.all(Array.from({ length: 8 }, move));
    t.deepEqual(await client.getAll().numbers(), { a: 92, b: 8 });
    await client.stm().transact(async (tx) => {
      await tx.delete().key('b');
      t.is(await tx.get('b').string(), null);
    });
    t.false(await client.get('b').exists());
    for (const isolation of [0, 1, 2, 3])
      t.is(await client.stm({ isolation, prefetch: ['a'] }).transact((tx) => tx.get('a').string()), '92');
  });
}
