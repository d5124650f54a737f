import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import test from 'ava';
import { TanistError } from '../../src/foundation/errors.ts';
import { hubSecretOf, signatureOf } from '../../src/mirrors/invalidation/signature.ts';
import { webhook } from '../../src/mirrors/invalidation/webhook.ts';
import { httpServer } from './http-server.ts';

const secret = 'geheim';

test('signed events invalidate; others change nothing', async (t) => {
  const invalidated: string[] = [];
  let failing = false;
  const nowMs = 1_767_600_000_000;
  const handle = webhook({
    secret,
    wallMs: () => nowMs,
    invalidate: async (names) => {
      if (failing) throw new TanistError('unavailable', 'later');
      invalidated.push(...names);
      return names;
    },
  });
  await using server = await httpServer((request, response) => {
    if (!handle(request, response)) response.writeHead(404).end();
  });
  const post = async (
    path: string,
    body: string,
    headers: Record<string, string>,
    method = 'POST',
  ): Promise<number> =>
    (await fetch(`${server.url}${path}`, { method, headers, ...(method === 'GET' ? {} : { body }) })).status;
  const own = (body: string, atMs = nowMs, key = secret, path = '/invalidate'): Record<string, string> => ({
    'x-tanist-timestamp': String(atMs),
    'x-tanist-signature': signatureOf(key, { path, timestamp: String(atMs), body: Buffer.from(body) }),
  });
  const hub = (path: string, body: string, key = hubSecretOf(secret, path)): Record<string, string> => ({
    'x-hub-signature-256': `sha256=${createHmac('sha256', key).update(body).digest('hex')}`,
  });
  const body = JSON.stringify({ ids: ['s/a', 's/b/c'] });
  t.is(await post('/invalidate', body, own(body)), 200);
  t.deepEqual(invalidated.splice(0), ['s/a', 's/b/c']);
  t.is(await post('/invalidate/s/x%2Fy', '{}', hub('/invalidate/s/x%2Fy', '{}')), 200);
  t.deepEqual(invalidated.splice(0), ['s/x/y']);
  t.is(await post('/invalidate', body, own(body)), 200, 'sent again, it counts once');
  t.deepEqual(invalidated, []);
  // What was signed for one address, or by one scheme, is worth nothing elsewhere.
  t.is(await post('/invalidate/s/b', '{}', hub('/invalidate/s/a', '{}')), 401);
  t.is(await post('/invalidate/s/a', '{}', hub('/invalidate/s/a', '{}', secret)), 401);
  t.is(await post('/invalidate/s/b', body, own(body, nowMs, secret, '/invalidate/s/a')), 401);
  const old = own(body, nowMs - 86_400_000)['x-tanist-signature'] ?? '';
  for (const text of [
    `${nowMs - 86_400_000}.${body}`,
    `tanist-event\nPOST /invalidate\n${nowMs - 86_400_000}\n${body}`,
  ])
    t.is(await post('/invalidate', text, { 'x-hub-signature-256': old }), 401);
  t.is(await post('/invalidate', body, { 'x-tanist-signature': own(body)['x-tanist-signature'] ?? '' }), 401);
  failing = true;
  t.is(await post('/invalidate', body, own(body, nowMs + 5)), 503);
  failing = false;
  t.is(await post('/invalidate', body, own(body, nowMs + 5)), 200, 'one that failed may be sent again');
  t.deepEqual(invalidated.splice(0), ['s/a', 's/b/c']);
  await Promise.all([1, 2, 3].map(() => post('/invalidate', body, own(body, nowMs + 6))));
  t.deepEqual(invalidated.splice(0), ['s/a', 's/b/c'], 'copies that come together are one');
  t.is(await post('/invalidate', body, {}), 401);
  t.is(await post('/invalidate', body, own(body, nowMs, 'wrong')), 401);
  t.is(await post('/invalidate', `${body} `, own(body)), 401);
  t.is(await post('/invalidate', body, own(body, nowMs - 6 * 60_000)), 401);
  t.is(await post('/invalidate', body, { ...own(body), 'x-tanist-timestamp': String(nowMs + 1) }), 401);
  for (const wrong of [
    '{',
    '[]',
    '{"ids":[]}',
    '{"ids":[1]}',
    `{"ids":${JSON.stringify(Array(1001).fill('s/a'))}}`,
  ])
    t.is(await post('/invalidate', wrong, own(wrong)), 400, wrong.slice(0, 20));
  const large = 'x'.repeat(2 * 1024 * 1024);
  t.is(await post('/invalidate', large, own(large)), 413);
  t.is(await post('/invalidate', '', {}, 'GET'), 405);
  t.is(await post('/elsewhere', body, own(body)), 404);
  t.deepEqual(invalidated, []);
});

test('copies of an event that arrive together count once', async (t) => {
  const held: (() => void)[] = [];
  let taken = 0;
  const nowMs = 1_767_600_000_000;
  const handle = webhook({
    secret,
    wallMs: () => nowMs,
    invalidate: async (names) => {
      taken++;
      await new Promise<void>((resolve) => held.push(resolve));
      return names;
    },
  });
  await using server = await httpServer((request, response) => {
    if (!handle(request, response)) response.writeHead(404).end();
  });
  const path = '/invalidate/s/a';
  const timestamp = String(nowMs);
  const headers = {
    'x-tanist-timestamp': timestamp,
    'x-tanist-signature': signatureOf(secret, { path, timestamp, body: Buffer.from('{}') }),
  };
  let answered = false;
  const sent = Array.from({ length: 3 }, async () => {
    const response = await fetch(`${server.url}${path}`, { method: 'POST', headers, body: '{}' });
    // The copies are answered while the first one is under way.
    answered = true;
    for (const go of held.splice(0)) go();
    return await response.json();
  });
  // Were none answered, all would be held.
  await Promise.race([Promise.all(sent), allHeld()]);
  for (const go of held.splice(0)) go();
  const answers = (await Promise.all(sent)) as { readonly invalidated: number }[];
  t.is(taken, 1);
  t.deepEqual(answers.map(({ invalidated }) => invalidated).sort(), [0, 0, 1]);

  async function allHeld(): Promise<void> {
    while (held.length < 3 && !answered) await new Promise((resolve) => setImmediate(resolve));
  }
});

test('an address that is none is answered, signed or not, and ends nobody', async (t) => {
  const handle = webhook({ secret, wallMs: () => 0, invalidate: async (names) => names });
  await using server = await httpServer((request, response) => {
    if (!handle(request, response)) response.writeHead(404).end();
  });
  for (const path of ['//', '///', '//[', 'http://[', '*']) t.is(await statusOf(server.url, path), 404, path);
  t.is(await statusOf(server.url, '/invalidate/s/%zz', 'POST'), 401);
});

/** The path as it is: `fetch` would not send it. */
function statusOf(url: string, path: string, method = 'GET'): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, method }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}
