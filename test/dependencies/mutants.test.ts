import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/api/system-clock.ts';
import { ObjectCache } from '../../src/dependencies/cache/object-cache.ts';
import { sha256Key } from '../../src/dependencies/content-key.ts';
import { configFor } from '../../src/dependencies/npm/npm-config.ts';
import { parseRegistryPath } from '../../src/dependencies/npm/package-path.ts';
import { StateRegistry } from '../../src/dependencies/registry/state-registry.ts';
import { Download } from '../../src/dependencies/transfer/download.ts';
import type { Source } from '../../src/dependencies/transfer/source.ts';
import { Spool } from '../../src/dependencies/transfer/spool.ts';
import type { MutantName } from '../../src/foundation/mutants.ts';
import { testEachMutant } from '../each-mutant.ts';
import { fakePackage, startFakeRegistry } from './fake-registry.ts';
import { Fleet, get, until } from './fleet.ts';
import { MemoryState } from './memory-state.ts';
import { held, key, sandbox } from './registry-conformance.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const source = (name: string, isPeer: boolean, body: () => AsyncIterable<Buffer>): Source => ({
  name,
  sandbox: isPeer ? name : null,
  givesParts: false,
  open: async () => ({ totalBytes: null, startsAt: 0, body: body() }),
});

/** One download of these bytes, from a peer that has others first, as who reads it sees it. */
async function readPastLiar(wanted: Buffer, wrong: Buffer): Promise<string | null> {
  let sawSome = (): void => undefined;
  const seen = new Promise<void>((resolve) => {
    sawSome = resolve;
  });
  const liar = source('liar', true, async function* () {
    yield wrong;
    await seen;
  });
  const near = [liar];
  const download = new Download(
    { keys: [sha256Key(sha256(wanted))], sizeBytes: null, mostBytes: 1e9 },
    {
      peers: () => near.splice(0),
      morePeers: async () => [],
      upstream: source('upstream', false, async function* () {
        yield wanted;
      }),
      // A window in memory holds as much as this.
      spool: async () => new Spool(null, 0),
      failed: () => undefined,
      lied: () => undefined,
      received: () => undefined,
      clock: systemClock,
      stallMs: 30_000,
      pause: async () => true,
    },
  );
  const parts: Buffer[] = [];
  try {
    for await (const part of download.read()) {
      parts.push(part);
      sawSome();
    }
  } catch {
    return null;
  }
  return sha256(Buffer.concat(parts));
}

async function withAgent(
  act: (fleet: Fleet, upstream: Awaited<ReturnType<typeof startFakeRegistry>>) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const upstream = await startFakeRegistry([fakePackage('wanted')]);
  const fleet = new Fleet();
  try {
    return await act(fleet, upstream);
  } finally {
    await fleet.stop();
    await upstream.stop();
  }
}

async function joined(): Promise<{ state: MemoryState; registry: StateRegistry; end: () => void }> {
  const state = new MemoryState();
  const registry = new StateRegistry(state, systemClock);
  const { lease } = await registry.join(sandbox('one'), 10_000);
  return { state, registry, end: () => state.endLease(lease) };
}

const bytes = (fill: number): Buffer => Buffer.alloc(300_000, fill);

/** What goes wrong with the fault, in words; empty: nothing is noticed. */
const checks: Partial<Record<MutantName, () => Promise<readonly string[]>>> = {
  'dependency-digest-ignored': async () =>
    await withAgent(async (fleet, upstream) => {
      upstream.altered = Buffer.from('something else');
      const agent = await fleet.agent('own', upstream.url);
      const { status } = await get(agent.address, '/wanted/-/wanted-1.0.0.tgz');
      return status === 502 ? [] : ['an altered tarball was accepted'];
    }),
  'dependency-attempts-mixed': async () => {
    const wanted = bytes(1);
    const read = await readPastLiar(wanted, bytes(2));
    return read === null || read === sha256(wanted) ? [] : ['bytes of two attempts came as one object'];
  },
  'dependency-outlives-lease': async () => {
    const { registry, end } = await joined();
    await registry.register('one', [held('x')]);
    end();
    const [holders = []] = await registry.lookup([key('x')]);
    return holders.map(({ sandbox: by }) => `${by} still holds x after its lease`);
  },
  'dependency-claimed-twice': async () => {
    const { registry } = await joined();
    await registry.join(sandbox('two'), 10_000);
    const claims = await Promise.all(['one', 'two'].map((id) => registry.claim(id, key('x'))));
    return claims.every(({ claimed }) => claimed) ? ['two sandboxes fetch one object'] : [];
  },
  'dependency-heartbeat-unsaid': async () => {
    const { state, registry, end } = await joined();
    await registry.heartbeat('one');
    const renewed = state.counts.keepAlive === 1 ? [] : ['the lease was not kept alive'];
    end();
    const late = await registry.heartbeat('one').catch(() => null);
    return late === null ? renewed : [...renewed, 'a heartbeat after the end of the lease was taken'];
  },
  'dependency-scrub-trusts-name': async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tanist-scrub-'));
    const cache = await ObjectCache.open({
      folder,
      limitBytes: 1e9,
      clock: systemClock,
      onGone: () => undefined,
    });
    try {
      const file = await cache.stage();
      await file.handle.write(bytes(1));
      const digest = sha256(bytes(1));
      await cache.adopt(file, { sha256: digest, size: 300_000, keys: [] });
      await file.handle.close();
      await writeFile(join(folder, 'objects', digest.slice(0, 2), digest), bytes(2));
      const { damaged } = await cache.scrub();
      return damaged === 1 ? [] : ['other bytes under the name were not found'];
    } finally {
      await cache.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
  'dependency-path-unchecked': async () =>
    ['/..%2f..%2fetc%2fpasswd', '/@scope/../x', '/a%00b', '//evil.example/x'].filter(
      (path) => parseRegistryPath(path).kind !== 'invalid',
    ),
  'dependency-credentials-redirected': async () =>
    await withAgent(async (fleet, upstream) => {
      const elsewhere = await startFakeRegistry([fakePackage('wanted')]);
      try {
        const credentials = { [`//${new URL(upstream.url).host}/`]: 'Bearer secret' };
        const agent = await fleet.agent('own', { ...configFor(upstream.url), credentials });
        upstream.intercept = (_, response) =>
          !!response.writeHead(302, { location: `${elsewhere.url}wanted` }).end();
        await get(agent.address, '/wanted');
        const told = elsewhere.headers.filter(({ authorization }) => authorization !== undefined);
        return told.map(() => 'another host was given the credentials');
      } finally {
        await elsewhere.stop();
      }
    }),
  'dependency-stale-as-fresh': async () =>
    await withAgent(async (fleet, upstream) => {
      const agent = await fleet.agent('own', upstream.url, { metadataTtlMs: 0 });
      await get(agent.address, '/wanted');
      await until(() => agent.cache.count === 1);
      upstream.packages.set('wanted', fakePackage('wanted', 0, {}, '2.0.0'));
      // The first of them may still join the fetch before.
      for (let asked = 0; asked < 5; asked++)
        if ((await get(agent.address, '/wanted')).body.includes('2.0.0')) return [];
      return ['metadata was given out after its time'];
    }),
};

testEachMutant(checks);
