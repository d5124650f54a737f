import { gzipSync } from 'node:zlib';
import test from 'ava';
import { configFor } from '../../src/dependencies/npm/npm-config.ts';
import { Packuments } from '../../src/dependencies/npm/packuments.ts';
import { settle, TestClock } from '../mirrors/test-clock.ts';

const digests: Readonly<Record<string, string>> = {
  bomb: 'b'.repeat(64),
  small: 'c'.repeat(64),
  'slow-1': '1'.repeat(64),
  'slow-2': '2'.repeat(64),
};
const packument = (name: string, bytes: number): Buffer =>
  gzipSync(JSON.stringify({ name, versions: {}, readme: 'x'.repeat(bytes) }));

test('metadata that unfolds to much waits for its turn, however little came; what is small does not', async (t) => {
  const clock = new TestClock();
  const bodies = new Map([
    [digests.bomb, packument('bomb', 20 * 1024 * 1024)],
    [digests.small, packument('small', 1000)],
  ]);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* read({ sha256 }: { readonly sha256: string }) {
    const body = bodies.get(sha256);
    if (body !== undefined) {
      yield body;
      return;
    }
    // Large as it comes, and slow.
    yield Buffer.alloc(2 * 1024 * 1024);
    await held;
  }
  const facts = { contentEncoding: 'gzip', contentType: '' };
  const addresses = {
    known: async () => null,
    get: async ({ url }: { readonly url: URL }) => ({
      kind: 'cached',
      meta: { sha256: digests[url.pathname.slice(1)] },
      facts,
      isStale: false,
    }),
  };
  const cache = {
    find: async ({ digest }: { readonly digest: string }) => ({ sha256: digest }),
    read,
    remove: async () => undefined,
  };
  const npm = configFor('http://registry.test/');
  const mostMetadataBytes = 256 * 1024 * 1024;
  const packuments = new Packuments(
    { npm, base: () => 'http://here', metadataTtlMs: 1000, metadataFromPeers: true, mostMetadataBytes },
    { addresses, cache, clock } as never,
  );
  const { signal } = new AbortController();
  const get = (name: string) => packuments.get(name, '', false, signal);
  const slow = [get('slow-1'), get('slow-2')].map((each) => each.catch(() => null));
  await settle();
  const refused = get('bomb').then(
    () => 'answered',
    ({ code }) => code,
  );
  t.true((await get('small')).packument.body.length > 1000);
  let said = '';
  void refused.then((code) => {
    said = code;
  });
  while (said === '') await clock.advance(5000);
  t.is(said, 'overloaded');
  release();
  await Promise.all(slow);
  t.true((await get('bomb')).packument.body.length > 20 * 1024 * 1024);
});
