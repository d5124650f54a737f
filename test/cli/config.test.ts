import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { defaultBeforeDeath } from '../../src/failover/before-death/signals.ts';
import { defaultScore } from '../../src/failover/options.ts';
import { defaultTierPolicy } from '../../src/failover/topology/policy.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import {
  type ClusterConfig,
  configWarnings,
  loadClusterConfig,
  nodeInConfig,
  parseClusterConfig,
} from '../../src/node/config/config.ts';

const examples = fileURLToPath(new URL('../../../cluster-config/', import.meta.url));
const node = (id: string, port: number, more = ''): string =>
  `  - { id: ${id}, client: ${port}, peer: ${port + 1}, http: ${port + 2}${more} }\n`;
const file = (nodes: string, more = ''): string => `cluster: c\nnodes:\n${nodes}${more}`;
const fails = (text: string): string => {
  try {
    parseClusterConfig(text, 'c.yaml');
  } catch (error) {
    return error instanceof TanistError ? `${error.code} ${error.message}` : String(error);
  }
  return 'accepted';
};

for (const name of readdirSync(examples).filter((entry) => entry.endsWith('.yaml')))
  test(`example ${name} loads`, async (t) => {
    const config = await loadClusterConfig(`${examples}${name}`);
    t.deepEqual(configWarnings(config), []);
    t.is(config.timing.heartbeatMs, 30);
  });

test('the documented defaults of three-hot.yaml are the defaults', async (t) => {
  const documented = await loadClusterConfig(`${examples}three-hot.yaml`);
  const minimal = await loadClusterConfig(`${examples}single.yaml`);
  t.deepEqual(documented.timing, minimal.timing);
  t.deepEqual(documented.limits, minimal.limits);
  t.deepEqual(documented.disk, minimal.disk);
  t.deepEqual(documented.beforeDeath, minimal.beforeDeath);
  t.deepEqual(documented.mirrors, minimal.mirrors);
  t.deepEqual(minimal.beforeDeath, defaultBeforeDeath);
});

test('addresses take the host of their node, or their own', (t) => {
  const config = parseClusterConfig(
    file(
      '  - { id: a, host: 10.0.0.1, client: 1, peer: "10.0.0.9:2", http: 3 }\n  - { id: b, host: "::1", client: 1, peer: 2, http: 3 }\n',
    ),
  );
  t.deepEqual(
    config.nodes.map(({ client, peer, http }) => [client, peer, http]),
    [
      ['10.0.0.1:1', '10.0.0.9:2', '10.0.0.1:3'],
      ['[::1]:1', '[::1]:2', '[::1]:3'],
    ],
  );
});

test('the result cannot be changed', (t) => {
  const config = parseClusterConfig(file(node('a', 1))) as { -readonly [K in keyof ClusterConfig]: unknown };
  t.throws(() => {
    config.cluster = 'other';
  });
  t.true(Object.isFrozen(config.nodes) && Object.isFrozen(config.timing));
});

test('an unknown key is named with its path, what is allowed, and the nearest', (t) => {
  t.is(
    fails(file(node('a', 1, ', teir: hot'))),
    'config-invalid c.yaml: nodes[0].teir: unknown key; allowed here: id, host, client, peer, http, tier, labels, join (did you mean "tier"?)',
  );
  t.regex(
    fails(file(node('a', 1), 'timing: { heartbeatms: 5 }\n')),
    /timing\.heartbeatms: unknown key; .*mean "heartbeatMs"\?/,
  );
  t.regex(
    fails(file(node('a', 1), 'limits: { zzz: 5 }\n')),
    /limits\.zzz: unknown key; allowed here: keyBytes, .*logDiskBytes$/,
  );
  t.regex(
    fails(file(node('a', 1), 'disk: { zzz: 5 }\n')),
    /disk\.zzz: unknown key; allowed here: reserveBytes$/,
  );
  t.regex(
    fails(file(node('a', 1), 'beforeDeath: { zzz: 5 }\n')),
    /beforeDeath\.zzz: unknown key; allowed here: enabled, horizonMs,/,
  );
  t.regex(
    fails(file(node('a', 1), 'beforeDeath: { signals: { memry: {} } }\n')),
    /beforeDeath\.signals\.memry: unknown key; allowed here: memory, disk, sync, loop \(did you mean "memory"/,
  );
  t.regex(
    fails(file(node('a', 1), 'beforeDeath: { signals: { memory: { wach: true } } }\n')),
    /beforeDeath\.signals\.memory\.wach: unknown key; allowed here: watch, limit, zone/,
  );
  t.regex(
    fails(file(node('a', 1), 'clustre: d\n')),
    /c\.yaml: clustre: unknown key; allowed here: cluster, nodes,/,
  );
});

test('a misspelt key is named, not the one that is missing for it, whatever it holds', (t) => {
  t.regex(fails('cluster: c\nnods: []\n'), /nods: unknown key; allowed here: .*mean "nodes"/);
});

const wrong: readonly (readonly [string, string, RegExp])[] = [
  ['empty file', '', /cluster: is missing/],
  ['a list', '- 1\n', /must be a map/],
  ['a section that is a list', file(node('a', 1), 'timing: []\n'), /timing: must be a map/],
  ['a node that is a list', file('  - []\n'), /nodes\[0\]: must be a map/],
  ['broken YAML', 'cluster: [', /not valid YAML/],
  [
    'two documents',
    'cluster: c\n---\ncluster: d\n',
    /c\.yaml: not valid YAML: a second document begins \(---\), but one file holds one at line 2, column 1$/,
  ],
  ['a key twice', 'cluster: a\ncluster: b\n', /Map keys must be unique at line \d+, column \d+$/],
  ['no nodes', 'cluster: c\n', /nodes: is missing/],
  ['an empty list of nodes', 'cluster: c\nnodes: []\n', /nodes: must name at least one node/],
  ['nodes as a map', 'cluster: c\nnodes: {}\n', /nodes: must be a list of nodes/],
  ['no id', file('  - { client: 1, peer: 2, http: 3 }\n'), /nodes\[0\]\.id: is missing/],
  ['no port', file('  - { id: a, peer: 2, http: 3 }\n'), /nodes\[0\]\.client: is missing/],
  ['an id with capitals', file(node('Alpha', 1)), /nodes\[0\]\.id: must be 1 to 63 of a-z.*not "Alpha"/],
  [
    'a tier that is none',
    file(node('a', 1, ', tier: lukewarm')),
    /nodes\[0\]\.tier: must be one of hot, warm, cold, not "lukewarm"/,
  ],
  [
    'a port too high',
    file('  - { id: a, client: 70000, peer: 2, http: 3 }\n'),
    /nodes\[0\]\.client: must be a port .*not 70000/,
  ],
  [
    'a port that is text',
    file('  - { id: a, client: web, peer: 2, http: 3 }\n'),
    /nodes\[0\]\.client: must be a port/,
  ],
  [
    'a label that is a number',
    file(node('a', 1, ', labels: { zone: 7 }')),
    /nodes\[0\]\.labels\.zone: must be text, not 7/,
  ],
  [
    'a time that is text',
    file(node('a', 1), 'timing: { heartbeatMs: fast }\n'),
    /timing\.heartbeatMs: must be a whole number from 1 to 10000, not "fast"/,
  ],
  [
    'hand-overs more often than once a minute',
    file(node('a', 1), 'beforeDeath: { minimumIntervalMs: 59999 }\n'),
    /beforeDeath\.minimumIntervalMs: must be a whole number from 60000 to/,
  ],
  [
    'a switch that is a number',
    file(node('a', 1), 'beforeDeath: { signals: { loop: { watch: 1 } } }\n'),
    /beforeDeath\.signals\.loop\.watch: must be true or false, not 1/,
  ],
  [
    'a danger zone beyond its limit',
    file(node('a', 1), 'beforeDeath: { signals: { memory: { zone: 0.95 } } }\n'),
    /beforeDeath\.signals\.memory\.zone: must be below its limit, 0\.9/,
  ],
  [
    'a limit of zero',
    file(node('a', 1), 'limits: { keyBytes: 0 }\n'),
    /limits\.keyBytes: must be a whole number from 1 to/,
  ],
  [
    'a fraction',
    file(node('a', 1), 'disk: { reserveBytes: 1.5 }\n'),
    /disk\.reserveBytes: must be a whole number/,
  ],
  ['a cluster name with a space', `cluster: a b\nnodes:\n${node('a', 1)}`, /cluster: must be 1 to 128 of/],
  [
    'two nodes with one id',
    file(node('a', 1) + node('a', 11)),
    /nodes\[1\]\.id: "a" is already the id of nodes\[0\]/,
  ],
  [
    'two nodes with one address',
    file(node('a', 1) + node('b', 2)),
    /nodes\[1\]\.client: 127\.0\.0\.1:2 is already the address of nodes\[0\]\.peer/,
  ],
  ['no hot node', file(node('a', 1, ', tier: cold')), /nodes: at least one must have tier hot/],
  [
    'an election before the heartbeat',
    file(node('a', 1), 'timing: { electionMs: 40 }\n'),
    /timing\.electionMs: must be at least three times timing\.heartbeatMs/,
  ],
  [
    'a floor above the ceiling',
    file(node('a', 1), 'timing: { suspicionFloorMs: 900 }\n'),
    /timing\.suspicionCeilingMs: must be at least timing\.suspicionFloorMs/,
  ],
  [
    'no hot replica wanted',
    file(node('a', 1), 'tiers: { hot: 0 }\n'),
    /tiers\.hot: must be a whole number from 1 to 9, not 0/,
  ],
  [
    'more hot replicas than nodes',
    file(node('a', 1), 'tiers: { hot: 3 }\n'),
    /tiers\.hot: 3 hot replicas are wanted, and nodes has only 1/,
  ],
  [
    'spread over a label that nobody has',
    file(node('a', 1, ', labels: { rack: r }'), 'tiers: { spread: zone }\n'),
    /tiers\.spread: no node has the label "zone"; there are rack/,
  ],
  [
    'a pinned stranger',
    file(node('a', 1), 'tiers: { pinned: [b] }\n'),
    /tiers\.pinned\[0\]: no node has the id "b"/,
  ],
  [
    'an unknown key of tiers',
    file(node('a', 1), 'tiers: { grace: 1 }\n'),
    /tiers\.grace: unknown key; allowed here: hot, .*mean "graceMs"/,
  ],
  [
    'no hysteresis at all',
    file(node('a', 1), 'tiers: { hysteresis: -1 }\n'),
    /tiers\.hysteresis: must be a number from 0 to 1, not -1/,
  ],
  [
    'an unknown term of the score',
    file(node('a', 1), 'score: { luck: 1 }\n'),
    /score\.luck: unknown key; allowed here: heartbeat, /,
  ],
  [
    'a score of nothing',
    file(
      node('a', 1),
      'score: { heartbeat: 0, integrity: 0, log: 0, latency: 0, health: 0, divergence: 0 }\n',
    ),
    /score: at least one weight must be above 0/,
  ],
];
for (const [name, text, message] of wrong)
  test(`refused: ${name}`, (t) => {
    const failure = fails(text);
    t.regex(failure, message);
    t.true(failure.startsWith('config-invalid c.yaml: '));
    t.false(failure.includes('\n'));
  });

test('a system-chosen port is for a node that nobody has to find', (t) => {
  const two = (first: string): string => `${first}${node('b', 11)}`;
  t.regex(
    fails(file(two('  - { id: a, client: 1, peer: 0, http: 3 }\n'))),
    /nodes\[0\]\.peer: 0 takes any free port/,
  );
  t.regex(
    fails(file(two('  - { id: a, client: 0, peer: 2, http: 3 }\n'))),
    /nodes\[0\]\.client: 0 takes any free port/,
  );
  t.is(parseClusterConfig(file(two('  - { id: a, client: 1, peer: 2, http: 0 }\n'))).nodes.length, 2);
});

test('system-chosen ports (0) may repeat', (t) => {
  t.is(
    parseClusterConfig(file('  - { id: a, client: 0, peer: 0, http: 0 }\n')).nodes[0]?.client,
    '127.0.0.1:0',
  );
});

test('an id that is not there is answered with those that are', (t) => {
  const config = parseClusterConfig(file(node('alpha', 1) + node('beta', 11)));
  t.is(nodeInConfig(config, 'beta').client, '127.0.0.1:11');
  t.throws(() => nodeInConfig(config, 'alfa'), {
    code: 'config-invalid',
    message: 'no node "alfa" in cluster "c"; it has alpha, beta (did you mean "alpha"?)',
  });
  t.throws(() => nodeInConfig(config, 'zz'), { message: 'no node "zz" in cluster "c"; it has alpha, beta' });
});

test('an even number of hot nodes is a warning', (t) => {
  t.is(configWarnings(parseClusterConfig(file(node('a', 1) + node('b', 11)))).length, 1);
  t.is(configWarnings(parseClusterConfig(file(node('a', 1)))).length, 0);
});

test('the documented tiers and score are the defaults, but for the targets', async (t) => {
  const { tiers, score } = await loadClusterConfig(`${examples}tiers.yaml`);
  t.deepEqual(tiers, { ...defaultTierPolicy, hot: 3, warm: 1, cold: 1, spread: 'zone' });
  t.deepEqual(score, defaultScore.weights);
  const minimal = parseClusterConfig(file(node('a', 1)));
  t.deepEqual(minimal.tiers, defaultTierPolicy);
  t.deepEqual(minimal.score, defaultScore.weights);
});

test('tiers that are allowed and unwise', (t) => {
  const zoned = (id: string, port: number, zone: string): string =>
    node(id, port, `, labels: { zone: ${zone} }`);
  const nodes = zoned('a', 1, 'x') + zoned('b', 11, 'y') + zoned('c', 21, 'y');
  const warnings = (more: string): readonly string[] => configWarnings(parseClusterConfig(file(nodes, more)));
  t.regex(
    warnings('tiers: { hot: 3, warm: 1 }\n')[0] ?? '',
    /tiers: 4 replicas are wanted, and nodes has only 3/,
  );
  t.regex(warnings('tiers: { hot: 2 }\n')[0] ?? '', /tiers\.hot: 2 survive no more losses than 1/);
  t.regex(
    warnings('tiers: { hot: 3, spread: zone }\n')[0] ?? '',
    /with 2 values of "zone" no quorum survives/,
  );
  t.deepEqual(warnings('tiers: { hot: 3 }\n'), []);
});

test('a file that is not there', async (t) => {
  await t.throwsAsync(loadClusterConfig('/nowhere/c.yaml'), {
    code: 'config-invalid',
    message: '/nowhere/c.yaml: cannot be read (ENOENT)',
  });
});

test('how often a quiet etcd watch hears of progress is configurable, 10 minutes without', (t) => {
  const nodes = node('n1', 7400);
  t.is(parseClusterConfig(file(nodes)).limits.watchProgressMs, 600_000);
  t.is(parseClusterConfig(file(nodes, 'limits: { watchProgressMs: 500 }\n')).limits.watchProgressMs, 500);
  t.regex(fails(file(nodes, 'limits: { watchProgressMs: 0 }\n')), /limits\.watchProgressMs/);
});
