import { request } from 'node:http';
import test from 'ava';
import { signatureOf } from '../../src/mirrors/invalidation/signature.ts';
import { webhook } from '../../src/mirrors/invalidation/webhook.ts';
import { httpServer } from './http-server.ts';

const secret = 'geheim';

test('signed events invalidate; others change nothing', async (t) => {
  const invalidated: string[] = [];
  const nowMs = 1_767_600_000_000;
  const handle = webhook({
    secret,
    wallMs: () => nowMs,
    invalidate: async (names) => void invalidated.push(...names),
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
  const own = (body: string, atMs = nowMs, key = secret): Record<string, string> => ({
    'x-tanist-timestamp': String(atMs),
    'x-tanist-signature': signatureOf(key, Buffer.from(body), String(atMs)),
  });
  const body = JSON.stringify({ ids: ['s/a', 's/b/c'] });
  t.is(await post('/invalidate', body, own(body)), 200);
  t.deepEqual(invalidated.splice(0), ['s/a', 's/b/c']);
  t.is(
    await post('/invalidate/s/x%2Fy', '{}', {
      'x-hub-signature-256': signatureOf(secret, Buffer.from('{}')),
    }),
    200,
  );
  t.deepEqual(invalidated.splice(0), ['s/x/y']);
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

test('an address that is none is answered, signed or not, and ends nobody', async (t) => {
  const handle = webhook({ secret, wallMs: () => 0, invalidate: async () => undefined });
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
