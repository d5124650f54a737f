import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import test from 'ava';
import { parseSource } from '../../src/mirrors/config/parse-config.ts';
import { httpOrigin } from '../../src/mirrors/sources/http-origin.ts';
import type { OriginAnswer, Validators } from '../../src/mirrors/sources/origin.ts';
import { httpServer } from './http-server.ts';

const places = { environmentPrefix: 'TANIST_SECRET_', folder: null };

async function ask(
  url: string,
  options: {
    headers?: object;
    key?: string;
    timeoutMs?: number;
    maxBytes?: number;
    validators?: Validators;
  } = {},
): Promise<OriginAnswer> {
  const config = parseSource('s', { origin: { kind: 'http', url, headers: options.headers ?? {} } });
  if (config.origin.kind !== 'http') throw new Error('an HTTP source');
  const origin = httpOrigin(config.origin, places, () => Date.now());
  const signal =
    options.timeoutMs === undefined ? new AbortController().signal : AbortSignal.timeout(options.timeoutMs);
  return await origin.fetch({
    key: options.key ?? 'k',
    validators: options.validators ?? null,
    signal,
    maxBytes: options.maxBytes ?? 10_000,
  });
}

function json(response: ServerResponse, content: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(content));
}

const codeOf = (answer: OriginAnswer): string => (answer.kind === 'failed' ? answer.error.code : answer.kind);

test('content with its validators, then unchanged by either of them', async (t) => {
  const modified = 'Mon, 05 Jan 2026 10:00:00 GMT';
  await using server = await httpServer((request, response) => {
    if (request.headers['if-none-match'] === '"v1"' || request.headers['if-modified-since'] === modified)
      response.writeHead(304).end();
    else json(response, { a: 1 }, { etag: '"v1"', 'last-modified': modified });
  });
  const first = await ask(`${server.url}/{key}`);
  t.like(first, { kind: 'content', document: { a: 1 }, changedAtMs: Date.parse(modified) });
  t.deepEqual(first.kind === 'content' && first.validators, { etag: '"v1"', lastModified: modified });
  t.is((await ask(`${server.url}/{key}`, { validators: { etag: '"v1"' } })).kind, 'unchanged');
  t.is((await ask(`${server.url}/{key}`, { validators: { lastModified: modified } })).kind, 'unchanged');
});

test('keys are one segment, or several; none leaves its place', async (t) => {
  await using server = await httpServer((request, response) => json(response, { url: request.url }));
  const urlOf = async (template: string, key: string): Promise<unknown> => {
    const answer = await ask(`${server.url}${template}`, { key });
    return answer.kind === 'content' ? (answer.document as { url: string }).url : answer;
  };
  t.is(await urlOf('/x/{key}/y', 'a/b c?d#e'), '/x/a%2Fb%20c%3Fd%23e/y');
  t.is(await urlOf('/x/{+key}', 'a/b c'), '/x/a/b%20c');
  t.notRegex(String(await urlOf('/x/{+key}', '../../admin')), /^\/admin/);
  t.is(await urlOf('/x?id={key}', '$&'), '/x?id=%24%26');
});

test('statuses: gone, busy with Retry-After in seconds and as a date, failing, refusing', async (t) => {
  const date = new Date(Date.now() + 20_000).toUTCString();
  await using server = await httpServer((request, response) => {
    const [, status, after] = (request.url ?? '').split('/');
    response.writeHead(
      Number(status),
      after === 's' ? { 'retry-after': '7' } : after === 'd' ? { 'retry-after': date } : {},
    );
    response.end('no');
  });
  t.is(codeOf(await ask(`${server.url}/404`)), 'gone');
  t.is(codeOf(await ask(`${server.url}/410`)), 'gone');
  t.is(codeOf(await ask(`${server.url}/500`)), 'origin-failed');
  t.is(codeOf(await ask(`${server.url}/401`)), 'origin-refused');
  t.like(await ask(`${server.url}/429/s`), { retryAfterMs: 7000 });
  const dated = await ask(`${server.url}/503/d`);
  t.is(codeOf(dated), 'origin-busy');
  t.true(
    dated.kind === 'failed' && (dated.retryAfterMs ?? 0) > 15_000 && (dated.retryAfterMs ?? 0) <= 21_000,
  );
});

test('redirects are followed, loops and chains without end are not, and secrets stay with their origin', async (t) => {
  await using elsewhere = await httpServer((request, response) =>
    json(response, { authorization: request.headers.authorization ?? null }),
  );
  await using server = await httpServer((request, response) => {
    const { url = '' } = request;
    const to =
      url === '/loop'
        ? '/loop2'
        : url === '/loop2'
          ? '/loop'
          : url.startsWith('/chain')
            ? `${url}x`
            : url === '/file'
              ? 'file:///etc/passwd'
              : url === '/out'
                ? `${elsewhere.url}/`
                : null;
    if (to === null) json(response, { authorization: request.headers.authorization });
    else response.writeHead(302, { location: to }).end();
  });
  process.env.TANIST_SECRET_TEST = 'geheim';
  const headers = { authorization: { env: 'TANIST_SECRET_TEST', prefix: 'Bearer ' } };
  t.like(await ask(`${server.url}/in`, { headers }), { document: { authorization: 'Bearer geheim' } });
  t.like(await ask(`${server.url}/out`, { headers }), { document: { authorization: null } });
  t.is(codeOf(await ask(`${server.url}/loop`)), 'origin-redirects');
  t.is(codeOf(await ask(`${server.url}/chain`)), 'origin-redirects');
  t.is(codeOf(await ask(`${server.url}/file`)), 'origin-redirects');
  t.true(server.requests.length < 15);
});

test('link-local addresses are not asked, whoever leads there', async (t) => {
  await using server = await httpServer((_, response) =>
    response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
  );
  for (const url of [
    'http://169.254.169.254/{key}',
    'http://[::ffff:a9fe:a9fe]/{key}',
    'http://2852039166/{key}',
    'http://[fe80::1]/{key}',
    'http://[fd00:ec2::254]/{key}',
    `${server.url}/out`,
  ]) {
    const answer = await ask(url, { timeoutMs: 5000 });
    t.is(codeOf(answer), 'origin-refused', url);
    t.regex(answer.kind === 'failed' ? answer.error.message : '', /link-local/);
  }
  t.is(server.requests.length, 1);
});

test('bodies without end, announced or not, are let go at the bound', async (t) => {
  let sent = 0;
  await using server = await httpServer((request, response) => {
    if (request.url === '/announced') {
      response.writeHead(200, { 'content-length': String(10 * 1024 ** 3) });
      response.write('[');
      return;
    }
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && sent < 10 * 1024 ** 3) {
        sent += 65_536;
        if (!response.write(Buffer.alloc(65_536, '1'))) {
          response.once('drain', more);
          return;
        }
      }
    };
    more();
  });
  t.is(codeOf(await ask(`${server.url}/announced`)), 'origin-too-large');
  t.is(codeOf(await ask(`${server.url}/endless`)), 'origin-too-large');
  t.true(sent < 64 * 1024 * 1024);
});

test('garbage, silence, nobody there, and secrets that are missing are told apart', async (t) => {
  await using server = await httpServer((request, response) => {
    if (request.url === '/garbage') response.end('<html>');
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"a":');
      setImmediate(() => response.destroy());
    }
  });
  t.is(codeOf(await ask(`${server.url}/garbage`)), 'origin-unreadable');
  t.is(codeOf(await ask(`${server.url}/silent`, { timeoutMs: 50 })), 'origin-slow');
  t.is(codeOf(await ask(`${server.url}/cut`)), 'origin-unreachable');
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise<void>((resolve) => closed.close(() => resolve()));
  t.is(codeOf(await ask(`http://127.0.0.1:${port}/`)), 'origin-unreachable');
  for (const secret of [{ env: 'PATH' }, { env: 'TANIST_SECRET_UNSET' }, { file: '/etc/hostname' }]) {
    const answer = await ask(`${server.url}/x`, { headers: { authorization: secret } });
    t.is(codeOf(answer), 'secret-missing');
  }
});
