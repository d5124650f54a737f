import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../../src');

/** Who may import whom (type imports included). A folder may always import itself. */
const layers: Readonly<Record<string, readonly string[] | 'anything'>> = {
  foundation: [],
  ports: ['foundation'],
  // Converts from and to the types that the ports speak of.
  protocol: ['foundation', 'ports'],
  raft: ['foundation', 'ports'],
  state: ['foundation', 'ports'],
  prediction: ['foundation'],
  storage: ['foundation', 'ports', 'raft', 'state'],
  failover: ['foundation', 'ports', 'raft', 'state', 'prediction'],
  transport: ['foundation', 'protocol', 'ports', 'raft'],
  node: [
    'foundation',
    'ports',
    'protocol',
    'raft',
    'state',
    'prediction',
    'storage',
    'failover',
    'transport',
  ],
  replication: [
    'foundation',
    'ports',
    'protocol',
    'raft',
    'state',
    'prediction',
    'storage',
    'failover',
    'transport',
    'node',
  ],
  // Reads and follows over the StateClient port.
  nearest: ['foundation', 'ports'],
  client: ['foundation', 'protocol', 'ports', 'nearest'],
  // A plane: typed keys over the StateClient port.
  mirrors: ['foundation', 'protocol', 'ports', 'prediction', 'nearest'],
  dependencies: ['foundation', 'protocol', 'ports', 'prediction'],
  api: [
    'foundation',
    'ports',
    'protocol',
    'raft',
    'state',
    'prediction',
    'storage',
    'failover',
    'transport',
    'node',
    'replication',
    // Of etcd: nodes refresh mirrors of what is in another one.
    'client',
    'mirrors',
    'dependencies',
  ],
  verification: ['foundation'],
  simulator: [
    'foundation',
    'ports',
    'protocol',
    'raft',
    'state',
    'prediction',
    'storage',
    'failover',
    'node',
    'replication',
    'client',
    'verification',
  ],
  // Clusters of processes on this machine, Tanist's and etcd's.
  local: ['foundation', 'protocol', 'storage', 'node', 'api'],
  chaos: ['foundation', 'ports', 'protocol', 'api', 'client', 'local', 'verification'],
  cli: 'anything',
  build: [],
};
/** Of these the named folders may import types alone. */
const typesOnly: Readonly<Record<string, readonly string[]>> = {
  storage: ['raft', 'state'],
  transport: ['raft'],
  local: ['node', 'api'],
  chaos: ['api'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'(\.[^']+)'/gms)) {
    found.push({
      from: file,
      to: relative(root, join(root, dirname(file), match[2]!)),
      typeOnly: match[1] !== undefined,
    });
  }
  for (const match of text.matchAll(/import\('(\.[^']+)'\)/g)) {
    found.push({ from: file, to: relative(root, join(root, dirname(file), match[1]!)), typeOnly: false });
  }
  return found;
}

const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.ts') && !name.includes('generated'));
const imports = files.flatMap(importsOf);
const folderOf = (file: string): string => file.split('/')[0]!;

test('every folder of src/ is a layer, and there is something to check', (t) => {
  t.deepEqual(
    [...new Set(files.map(folderOf))].filter((folder) => layers[folder] === undefined),
    [],
  );
  t.true(imports.length > 100);
});

test('no layer imports what the table does not allow', (t) => {
  const wrong = imports.filter(({ from, to }) => {
    const allowed = layers[folderOf(from)];
    return allowed !== 'anything' && folderOf(from) !== folderOf(to) && !allowed?.includes(folderOf(to));
  });
  t.deepEqual(
    wrong.map(({ from, to }) => `${from} → ${to}`),
    [],
  );
});

test('layers that may know only the types of another import no more', (t) => {
  const wrong = imports.filter(
    ({ from, to, typeOnly }) => !typeOnly && typesOnly[folderOf(from)]?.includes(folderOf(to)),
  );
  t.deepEqual(
    wrong.map(({ from, to }) => `${from} → ${to}`),
    [],
  );
});

test('no import cycles', (t) => {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const state = new Map<string, 'open' | 'done'>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      return;
    }
    state.set(file, 'open');
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of files) visit(file, []);
  t.deepEqual(cycles, []);
});

test('only cli and the edges read time or chance past the ports', (t) => {
  const pure = [
    'raft',
    'state',
    'failover',
    'storage',
    'node',
    'simulator',
    'protocol',
    'verification',
    'replication',
    'dependencies',
    'mirrors',
  ];
  // Simulated time lets promises run dry between two events, which takes a turn of the real event loop.
  const driver = 'simulator/world/scheduler.ts';
  const wrong = files
    .filter((file) => pure.includes(folderOf(file)) && file !== driver)
    .filter((file) =>
      /\b(Date\.now|performance\.now|Math\.random|process\.hrtime|setTimeout|setInterval|setImmediate)\b/.test(
        readFileSync(join(root, file), 'utf8'),
      ),
    );
  t.deepEqual(wrong, []);
});
