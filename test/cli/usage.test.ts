import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { freePorts } from '../../src/local/ports.ts';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

function tanist(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, ...args],
      { env: { ...process.env, TANIST_ENDPOINTS: '' } },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test('help lists every command and is a success', async (t) => {
  const { code, stdout, stderr } = await tanist('--help');
  t.is(code, 0);
  t.is(stderr, '');
  for (const command of [
    'demo',
    'up',
    'node',
    'status',
    'members',
    'succession',
    'transfer',
    'member',
    'alarm',
    'backup',
    'restore',
    'get',
    'put',
    'del',
    'txn',
    'watch',
    'lease',
    'policy',
    'forecast',
    'backtest',
    'sim',
    'chaos',
    'bench',
  ])
    t.regex(stdout, new RegExp(`^  ${command}\\b`, 'm'));
});

test('version', async (t) => {
  const { code, stdout } = await tanist('--version');
  t.is(code, 0);
  t.regex(stdout, /^\d+\.\d+\.\d+\n$/);
});

const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /Usage: tanist/],
  [['lease'], /Usage: tanist lease/],
  [['staus'], /^tanist: unknown command 'staus' \(Did you mean status\?\)\n$/],
  [['get'], /^tanist: missing required argument 'key'\n$/],
  [['get', 'a', 'b', '--prefix'], /^tanist: a range end and --prefix exclude each other\n$/],
  [
    ['get', 'a', '--consistency', 'loose'],
    /^tanist: --consistency: must be linearizable, serializable or predicted, not "loose"\n$/,
  ],
  [['get', 'a', '--limit', '0'], /must be a whole number of at least 1\.\n$/],
  [['status', '--endpoints', 'nowhere'], /must be host:port,host:port,… and "nowhere" is not\.\n$/],
  [['put', 'a', 'b', '--unheard'], /^tanist: unknown option '--unheard'\n$/],
  [['txn'], /^tanist: txn: at least one --then or --else is needed/],
  [['txn', '--then', 'putt a b'], /^tanist: operation "putt a b": must be put KEY VALUE/],
  [['lease', 'grant', 'long'], /must be a duration/],
  [['policy', 'set', 'a', '--ack', 'all'], /^tanist: --ack: must be quorum or leader, not "all"\n$/],
  [['policy', 'set', 'a', '--tier', 'lukewarm'], /--tier: must be full or critical, not "lukewarm"\n$/],
  [
    ['policy', 'set', 'a', '--predict', 'cpu'],
    /--predict: must be value, or JSON pointers such as .* not "cpu"\n$/,
  ],
  [['policy', 'set', 'a', '--predict-step', '1s'], /--predict-step: give --predict, too/],
  [['policy', 'set', 'a', '--predict', 'value', '--predict-horizon', '65'], /whole number from 1 to 64\.\n$/],
  [['policy', 'set', 'a', '--predict', 'value', '--predict-confidence', '2'], /number from 0 to 1\.\n$/],
  [['bench', 'failover'], /^tanist: required option '--fault <kind>' not specified\n$/],
  [['bench', 'failover', '--fault', 'fire'], /Allowed choices are kill, freeze, transfer\.\n$/],
  [['bench', 'kv', '--against', 'x'], /Allowed choices are etcd\.\n$/],
  [['up', '--hot', '0'], /must be a whole number from 1 to 7\.\n$/],
  [['sim', '--seed', '1', '--seeds', '1..2'], /^tanist: --seed and --seeds exclude each other\n$/],
  [['sim', '--trace'], /^tanist: --trace needs --seed\n$/],
  [['sim', '--mutant', 'x'], /^tanist: --mutant: must be one of vote-without/],
  [['sim', '--seeds', '9..1'], /must be a range/],
  [['demo', '--seconds', '1'], /from 2 to 600\.\n$/],
  [['node', '--id', 'n0'], /^tanist: required option '--config <file>' not specified\n$/],
  [['node', '--config', 'x', '--id', 'n0', '--log-level', 'loud'], /^tanist: --log-level: must be one of/],
];
for (const [args, message] of wrong)
  test(`wrong usage: tanist ${args.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await tanist(...args);
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, message);
  });

test('a node with a wrong config or id ends with 1 and one line', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-usage-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = join(folder, 'c.yaml');
  await writeFile(file, 'cluster: c\nnodes:\n  - { id: n0, client: 0, peer: 0, http: 0, colour: red }\n');
  const unknownKey = await tanist('node', '--config', file, '--id', 'n0', '--data', folder);
  t.is(unknownKey.code, 1);
  t.regex(
    unknownKey.stderr,
    /^tanist: \S+c\.yaml: nodes\[0\]\.colour: unknown key; allowed here: .* \(config-invalid\)\n$/,
  );
  await writeFile(file, 'cluster: c\nnodes:\n  - { id: n0, client: 0, peer: 0, http: 0 }\n');
  const unknownId = await tanist('node', '--config', file, '--id', 'n7', '--data', folder);
  t.is(unknownId.code, 1);
  t.is(unknownId.stderr, 'tanist: no node "n7" in cluster "c"; it has n0 (config-invalid)\n');
  const missing = await tanist('node', '--config', join(folder, 'none.yaml'), '--id', 'n0');
  t.is(missing.code, 1);
  t.regex(missing.stderr, /none\.yaml: cannot be read \(ENOENT\) \(config-invalid\)\n$/);
});

test('files that are not there, or not what they should be: one line with the path', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-usage-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'forced-2.json'), '{"cut');
  for (const [args, message] of [
    [
      ['fork', 'show', join(folder, 'none')],
      /^tanist: .*none cannot be read \(ENOENT\): there is nothing of that name; .*\(data-unreadable\)\n$/,
    ],
    [
      ['fork', 'report', join(folder, 'none')],
      /^tanist: .*none cannot be read \(ENOENT\): there is nothing of that name; .*\(data-unreadable\)\n$/,
    ],
    [['fork', 'report', folder], /^tanist: forced-2\.json is no report of .*\(data-damaged\)\n$/],
  ] as const) {
    const { code, stderr } = await tanist(...args);
    t.is(code, 1);
    t.regex(stderr, message);
  }
});

test('endpoints that nobody answers at are named', async (t) => {
  const [port] = await freePorts(1);
  const { code, stdout, stderr } = await tanist(
    'get',
    'a',
    '--endpoints',
    `127.0.0.1:${port}`,
    '--timeout',
    '300ms',
    '--json',
  );
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(
    stderr,
    /is the cluster up\? --endpoints or TANIST_ENDPOINTS names its nodes, tanist up starts one/,
  );
  t.regex(stderr, new RegExp(`^tanist: .*127\\.0\\.0\\.1:${port}.*\\(unavailable\\)\\n$`));
});
