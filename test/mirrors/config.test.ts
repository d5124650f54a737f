import { readFile } from 'node:fs/promises';
import test from 'ava';
import { parseSources } from '../../src/mirrors/config/parse-config.ts';
import { applyFormat } from '../../src/mirrors/format/apply-format.ts';
import { expressionOf } from '../../src/mirrors/format/expression.ts';
import { defineSource } from '../../src/mirrors/sdk/administration.ts';
import { livePrefix } from '../../src/mirrors/state/keys.ts';
import { MemoryCluster } from './memory-cluster.ts';
import { settle, TestClock } from './test-clock.ts';
import { codeOf, world } from './world.ts';

const yaml = `
sources:
  machines:
    origin:
      kind: http
      url: https://api.example.com/v1/machines/{key}
      headers: { authorization: { env: TANIST_SECRET_API, prefix: 'Bearer ' } }
    format:
      fields: { status: /status, cores: 'spec.cpus[0].cores' }
      key: /id
      labels: { zone: /zone }
      version: /resourceVersion
    freshForMs: 30000
    budget: { perMinute: 30 }
`;

test('a config in YAML, with what was left out', (t) => {
  const { machines } = parseSources(yaml);
  t.like(machines, {
    freshForMs: 30_000,
    budget: { perMinute: 30, burst: 10 },
    refresh: 'predicted',
    horizonMs: 900_000,
    mirror: true,
  });
});

test('what is wrong is said in one line, with where it is', (t) => {
  const wrong = (text: string): string => {
    try {
      parseSources(text);
      return 'nothing';
    } catch (error) {
      return (error as Error).message;
    }
  };
  t.regex(wrong('{'), /not valid YAML: Flow map must end with a \} at line 1/);
  t.regex(wrong('a: 1'), /must be `sources:`/);
  t.regex(wrong('sources: { Bad: {} }'), /source Bad: its name/);
  t.regex(
    wrong('sources: { s: { origin: { kind: ftp } } }'),
    /source s: origin\.kind: kind must be|source s: origin.*kind must be/,
  );
  t.regex(
    wrong('sources: { s: { origin: { kind: http, url: "ftp://x" } } }'),
    /origin\.url: must begin with/,
  );
  t.regex(
    wrong('sources: { s: { origin: { kind: file, path: x }, freshForMs: 0 } }'),
    /freshForMs: must be a whole number/,
  );
  t.regex(wrong('sources: { s: { origin: { kind: file, path: x }, typo: 1 } }'), /typo/);
  t.regex(
    wrong('sources: { s: { origin: { kind: file, path: x }, format: { fields: { a: "b[" } } } }'),
    /format\.a: "b\[" is no JMESPath/,
  );
  t.regex(
    wrong('sources: { s: { origin: { kind: file, path: x }, format: { version: "/~2" } } }'),
    /format\.version: "\/~2" is no JSON pointer/,
  );
});

test('expressions: JSON pointers and JMESPath', (t) => {
  const document = {
    'a/b': { c: [1, 2] },
    list: [
      { n: 'x', v: 1 },
      { n: 'y', v: 2 },
    ],
  };
  t.is(expressionOf('/a~1b/c/1')(document), 2);
  t.is(expressionOf('/toString')(document), undefined);
  t.is(expressionOf('')(document), document);
  t.deepEqual(expressionOf("list[?n=='y'].v | [0]")(document), 2);
  t.is(expressionOf('nothing.here')(document), undefined);
  t.deepEqual(expressionOf('length(list)')(document), 2);
});

test('a format keeps what it names, refuses what is about another resource, and sees equal content as equal', (t) => {
  const { format } = parseSources(yaml).machines!;
  const document = {
    id: 'i-1',
    status: 'up',
    zone: 'a',
    spec: { cpus: [{ cores: 4 }] },
    resourceVersion: '12',
    noise: 1,
  };
  const kept = applyFormat(format, 'i-1', document);
  t.deepEqual(kept.value, { status: 'up', cores: 4 });
  t.deepEqual(kept.labels, { zone: 'a' });
  t.is(kept.version, '12');
  t.is(applyFormat(format, 'i-1', { ...document, noise: 2 }).digest, kept.digest);
  t.not(applyFormat(format, 'i-1', { ...document, status: 'down' }).digest, kept.digest);
  t.throws(() => applyFormat(format, 'i-2', document), { message: /it is about "i-1", not i-2/ });
  t.throws(() => applyFormat(format, 'i-1', { id: 'i-1' }), { message: /none of the fields/ });
  const none = { labels: {} };
  t.is(
    applyFormat(none, 'k', { a: 1, b: [{ y: 1, x: 2 }] }).digest,
    applyFormat(none, 'k', { b: [{ x: 2, y: 1 }], a: 1 }).digest,
  );
});

test('sources by API: followed by all, secrets refused as text, and taken away', async (t) => {
  const { cluster, open, close } = world();
  const mirrors = await open({ sources: {} });
  await defineSource(cluster.client(), 's', { origin: { kind: 'own', name: 'fake' }, freshForMs: 1000 });
  await settle();
  t.deepEqual((await mirrors.poll('s/a')).value, { cpu: 1 });
  const secret = {
    origin: { kind: 'http', url: 'http://x/{key}', headers: { Authorization: 'Bearer abc' } },
  };
  t.is(await codeOf(defineSource(cluster.client(), 'x', secret)), 'config-invalid');
  await close();
});

test('a damaged record of another program is no harm', async (t) => {
  const clock = new TestClock();
  const cluster = new MemoryCluster(clock);
  const client = cluster.client();
  await client.put(`${livePrefix}c/s/a`, 'not JSON');
  await client.put(`${livePrefix}b/s`, '[');
  await client.put(`${livePrefix}s/bad`, '{"origin":1}');
  await client.put(`${livePrefix}zzz`, '');
  const troubles: Error[] = [];
  const { openMirrors } = await import('../../src/mirrors/index.ts');
  const mirrors = await openMirrors(client, { clock, onTrouble: (error) => void troubles.push(error) });
  t.is(mirrors.peek('s/a'), null);
  t.regex(troubles[0]?.message ?? '', /source bad/);
  await mirrors.close();
  cluster.close();
});

test('the documented example is right, and what it documents are the defaults', async (t) => {
  const file = new URL('../../../cluster-config/mirrors/sources.yaml', import.meta.url);
  const { machines, ...others } = parseSources(await readFile(file, 'utf8'));
  const { origin, format, ...rest } = machines!;
  const { machines: bare } = parseSources('sources: { machines: { origin: { kind: own, name: x } } }');
  const { origin: _, format: __, ...defaults } = bare!;
  t.deepEqual(rest, defaults);
  t.is(origin.kind, 'http');
  t.is(format.key, '/id');
  t.deepEqual(Object.keys(others), ['builds', 'disks', 'leases', 'hosts']);
});
