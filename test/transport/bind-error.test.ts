import { createServer } from 'node:net';
import test from 'ava';
import { listen } from '../../src/api/front/listen.ts';

test('why nobody can listen there: a port that is taken, an address that is not of this machine', async (t) => {
  const first = createServer();
  t.teardown(() => void first.close());
  const taken = await listen(first, '127.0.0.1:0', 'clients');
  const again = await t.throwsAsync(listen(createServer(), taken, 'clients'));
  t.like(again, { code: 'port-taken' });
  t.regex(again!.message, /for clients: it is taken/);
  // Of the block for documentation (RFC 5737).
  const elsewhere = await t.throwsAsync(listen(createServer(), '192.0.2.1:0', 'clients'));
  t.like(elsewhere, { code: 'config-invalid' });
  t.regex(elsewhere!.message, /cannot listen on 192\.0\.2\.1:0 for clients: .*EADDRNOTAVAIL/);
});
