import { connect } from 'node:net';
import { present } from '../../../foundation/assert.ts';
import { TanistError } from '../../../foundation/errors.ts';
import type { Journal } from '../machine/journal.ts';
import { isRoot, missingTools, requiredTool, runTool } from '../machine/run-tool.ts';
import { undo } from '../machine/undo.ts';
import type { Network, Place } from '../network.ts';
import type { Ability } from '../options.ts';
import { NamespaceLinks } from './namespace-links.ts';
import { dropTable } from './shaping.ts';
import { drawSubnet, hostOfHarness, hostOfMember, linkName, type Subnet } from './subnet.ts';

const tools = ['ip', 'nft', 'nsenter'];
/** The same in each namespace. */
const firstPort = 7400;
const draws = 20;
const dialMs = 1000;
/** Nobody listens there. */
const nobodysPort = 9;

export interface NamespaceOptions {
  readonly ids: readonly string[];
  readonly portsEach: number;
  readonly journal: Journal;
}

/** Why namespaces can't be had here; null: as far as can be seen they can. */
export async function lacksNamespaces(): Promise<string | null> {
  if (process.platform !== 'linux') return 'network namespaces are Linux';
  if (!isRoot()) return 'network namespaces take root';
  const missing = missingTools(tools);
  return missing.length === 0
    ? null
    : `${missing.join(', ')} not installed (Debian: iproute2 nftables util-linux)`;
}

/**
 * A namespace for each member and one with the bridge between them, out of reach of the machine's own rules. The harness has one address on it. Errors: `unavailable`
 * with what the machine does not allow; what was made is in the journal.
 */
export async function namespaceNetwork({ ids, portsEach, journal }: NamespaceOptions): Promise<Network> {
  const name = (what: string): string => `tanist-${journal.run}-${what}`;
  const hub = name('hub');
  const spaces = [hub, ...ids.map(name)];
  for (const space of spaces) journal.will({ kind: 'namespace', name: space });
  await runTool('ip', ['-batch', '-'], spaces.map((space) => `netns add ${space}\n`).join(''));
  const subnet = await uplink(hub);
  await runTool(
    'ip',
    ['-batch', '-'],
    [
      `addr add ${hostOfHarness(subnet)}/24 dev ${linkName(subnet)}`,
      `link set ${linkName(subnet)} up`,
      ...ids.map((id, n) => `link add m${n} netns ${hub} type veth peer name eth0 netns ${name(id)}`),
      '',
    ].join('\n'),
  );
  await runTool(
    'ip',
    ['-n', hub, '-batch', '-'],
    [
      'link set lo up',
      'link add bridge type bridge',
      'link set bridge up',
      ...['uplink', ...ids.map((_, n) => `m${n}`)].flatMap((link) => [
        `link set ${link} master bridge`,
        `link set ${link} up`,
      ]),
      '',
    ].join('\n'),
  );
  const places = ids.map(
    (id, n): Place => ({
      id,
      host: hostOfMember(subnet, n),
      ports: Array.from({ length: portsEach }, (_, use) => firstPort + use),
    }),
  );
  await Promise.all(
    places.map(async ({ id, host }) => {
      const batch = `link set lo up\naddr add ${host}/24 dev eth0\nlink set eth0 up\n`;
      await runTool('ip', ['-n', name(id), '-batch', '-'], batch);
      const nft = [`--net=/run/netns/${name(id)}`, requiredTool('nft')];
      await runTool('nsenter', [...nft, '-f', '-'], dropTable);
      // A cut that isn't one would make every check pass.
      const made = await runTool('nsenter', [...nft, 'list', 'chain', 'inet', 'tanist', 'in']);
      if (!made.includes('hook input'))
        throw new TanistError('unavailable', `${nft[1]} takes rules and does not keep them`);
    }),
  );
  for (const { host } of places) await reached(host);
  const abilities = await abilitiesIn(hub);
  return {
    places,
    links: new NamespaceLinks(
      places.map(({ id, host }, number) => ({ id, number, host, space: name(id) })),
      abilities,
    ),
    advertised: (id, use) => {
      const place = present(
        places.find((one) => one.id === id),
        `no member ${id}`,
      );
      return `${place.host}:${place.ports[use]}`;
    },
    start: (id) => ({
      prefix: [requiredTool('nsenter'), `--net=/run/netns/${name(id)}`],
      flags: [],
      env: {},
    }),
    started: async () => {},
    close: async () => {
      for (const space of spaces) await undo({ kind: 'namespace', name: space });
    },
  };
}

async function uplink(hub: string): Promise<Subnet> {
  let failure: unknown;
  for (let draw = 0; draw < draws; draw++) {
    const subnet = drawSubnet(await runTool('ip', ['-4', 'route', 'show', 'table', 'all']));
    if (subnet === null) break;
    const link = linkName(subnet);
    try {
      // Taken by its name, in one step, or it is another harness's. It goes with the hub.
      await runTool('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'uplink', 'netns', hub]);
      return subnet;
    } catch (error) {
      failure = error;
    }
  }
  throw new TanistError('unavailable', 'no part of 10.0.0.0/8 is free for the members', { cause: failure });
}

/** A namespace answers for its address: refuses, since nobody listens yet. */
function reached(host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: nobodysPort });
    const fail = (reason: string): void => {
      socket.destroy();
      reject(
        new TanistError(
          'unavailable',
          `${host} in its namespace is not reached (${reason}): does a firewall of this machine drop it?`,
        ),
      );
    };
    socket.setTimeout(dialMs, () => fail('no answer'));
    socket.once('connect', () => fail('somebody else answers'));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') resolve();
      else fail(error.message);
    });
  });
}

/** Tried out where it does no harm: kernels come without this part or that. */
async function abilitiesIn(hub: string): Promise<ReadonlySet<Ability>> {
  const can = new Set<Ability>(['cut', 'loss']);
  if (missingTools(['tc']).length > 0) return can;
  const tries = async (kind: readonly string[]): Promise<boolean> => {
    const on = ['dev', 'lo', 'root'];
    const works = await runTool('tc', ['-n', hub, 'qdisc', 'add', ...on, ...kind]).then(
      () => true,
      () => false,
    );
    await runTool('tc', ['-n', hub, 'qdisc', 'del', ...on]).catch(() => undefined);
    return works;
  };
  if (!(await tries(['htb', 'default', '0']))) return can;
  can.add('bandwidth');
  if (await tries(['netem', 'delay', '1ms'])) can.add('delay');
  return can;
}
