import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseSource } from '../../src/mirrors/config/parse-config.ts';
import { defineSource } from '../../src/mirrors/sdk/administration.ts';
import { openOrigin } from '../../src/mirrors/sources/open-origin.ts';
import type { OriginAnswer } from '../../src/mirrors/sources/origin.ts';
import { withTexts } from '../../src/mirrors/sources/template.ts';
import type { StateClient } from '../../src/ports/state-client.ts';
import { content } from './fake-origin.ts';
import { httpServer } from './http-server.ts';
import { world } from './world.ts';

const secret = 's3cr3t';

test('what looks like a secret does not go into the log as text', async (t) => {
  const put = async (): Promise<never> => {
    throw new Error('put');
  };
  const client = { put } as unknown as StateClient;
  const outcome = async (origin: object): Promise<string> =>
    (await t.throwsAsync(defineSource(client, 's', { origin })))?.message ?? '';
  const http = { kind: 'http', url: 'https://a/{key}' };
  const grpc = { kind: 'grpc', address: 'a:1', method: 'a.B/C' };
  const refused: readonly object[] = [
    { ...http, url: 'https://a/x?api_key=S' },
    ...[
      'Authorization',
      'apikey',
      'x-api-key',
      'x-auth',
      'private-key',
      'X-Amz-Security-Token',
      'cookie-header',
      'auth-header',
      'x-secret-path',
      'secret-url',
    ].map((name) => ({
      ...http,
      headers: { [name]: 'S' },
    })),
    { ...http, headers: { 'x-thing': 'Bearer abcdef' } },
    { ...http, query: { accessToken: 'S' } },
    { ...grpc, request: { token: 'S' } },
    { ...grpc, request: { auth: { list: [{ password: 'S' }] } } },
    { ...grpc, metadata: { 'client-secret': 'S' } },
    { kind: 'command', argv: ['curl', '-H', 'Authorization: Bearer abcdef', 'https://x/{key}'] },
    { kind: 'command', argv: ['x', '--token', 'S'] },
    { kind: 'command', argv: ['x', '--password=S'] },
    { kind: 'command', argv: ['x', '--password', '--hunter2'] },
    { kind: 'command', argv: ['x', '--pass', 'S'] },
    { kind: 'command', argv: ['x'], env: { TOKEN_PROD: 'S' } },
    { ...http, headers: { 'x-auth-mode': 'Bearer abcdef' } },
    { kind: 'command', argv: ['curl', 'https://u:p@x/'] },
    { kind: 'command', argv: ['x'], env: { GH_TOKEN: 'S' } },
    { kind: 'etcd', endpoints: ['http://u:p@x:1'], prefix: 'p/' },
  ];
  for (const origin of refused) t.regex(await outcome(origin), /looks like a secret/, JSON.stringify(origin));
  const reference = { env: 'TANIST_SECRET_X' };
  for (const origin of [
    {
      ...http,
      url: 'https://a/{key}?author=me&token={key}',
      headers: { accept: 'x', authorization: reference },
    },
    { ...http, query: { api_key: reference } },
    { ...grpc, request: { name: '{key}', key: 'k' }, secrets: { '/auth/token': reference } },
    { kind: 'command', argv: ['git', '-C', '{key}', 'log', '--author', 'me'], env: { GH_TOKEN: reference } },
    { ...http, headers: { 'x-auth-mode': 'basic-only', 'x-token-format': 'opaque' } },
    { ...http, url: 'https://a/{key}?token_type=public&auth_scheme=none' },
    { ...grpc, request: { passwordPolicy: 'strict', authMethod: { name: 'x' } } },
    { ...grpc, metadata: { 'cookie-scope': 'site' } },
    { kind: 'command', argv: ['x', '--auth', '--json', '--password-stdin', 'all'] },
    { kind: 'command', argv: ['x', '--pass-through', 'all', '--auth-url=https://x', '--token-ttl', '60'] },
    { kind: 'command', argv: ['x'], env: { AUTH_MODE: 'plain', TOKEN_FILE: '/run/token' } },
  ])
    t.is(await outcome(origin), 'put', JSON.stringify(origin));
});

test('secrets by reference: behind the ?, in a request, in a command’s environment', async (t) => {
  await using server = await httpServer((request, response) => response.end(JSON.stringify(request.url)));
  process.env.TANIST_SECRET_KEY = 'a&b';
  const reference = { env: 'TANIST_SECRET_KEY' };
  t.like(await ask({ kind: 'http', url: `${server.url}/{key}?x=1`, query: { key: reference } }), {
    document: '/k?x=1&key=a%26b',
  });
  const print = 'console.log(JSON.stringify(process.env.GH_TOKEN))';
  const argv = [process.execPath, '-e', print];
  t.like(await ask({ kind: 'command', argv, env: { GH_TOKEN: reference } }), { document: 'a&b' });
  const texts = { '/auth/token': 's', '/list/1': 't' };
  t.deepEqual(withTexts({ name: 'k', list: ['a', 'b'] }, texts), {
    name: 'k',
    list: ['a', 't'],
    auth: { token: 's' },
  });
});

async function ask(origin: object, folder: string | null = null): Promise<OriginAnswer> {
  const opened = await openOrigin(parseSource('s', { origin }).origin, {
    commands: true,
    files: null,
    secrets: { environmentPrefix: 'TANIST_SECRET_', folder },
    own: {},
    etcd: null,
    wallMs: () => Date.now(),
  });
  try {
    const signal = AbortSignal.timeout(5000);
    return await opened.fetch({ key: 'k', validators: null, signal, maxBytes: 10_000 });
  } finally {
    await opened.close?.();
  }
}

function failure(answer: OriginAnswer): { readonly code: string; readonly message: string } {
  return answer.kind === 'failed' ? answer.error : { code: answer.kind, message: '' };
}

test('a secret that no header can carry is said to be so, and not said', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-secrets-'));
  try {
    await writeFile(join(folder, 'lines'), `${secret}-1\n${secret}-2\n`);
    process.env.TANIST_SECRET_BELL = `t\u00f6ken-\u0007${secret}`;
    for (const origin of [
      {
        kind: 'http',
        url: 'http://127.0.0.1:9/',
        headers: { authorization: { file: 'lines', prefix: 'Bearer ' } },
      },
      { kind: 'http', url: 'http://127.0.0.1:9/', headers: { authorization: { env: 'TANIST_SECRET_BELL' } } },
      {
        kind: 'grpc',
        address: '127.0.0.1:9',
        method: 'a.B/C',
        metadata: { token: { env: 'TANIST_SECRET_BELL' } },
      },
    ]) {
      const { code, message } = failure(await ask(origin, folder));
      t.is(code, 'secret-missing', message);
      t.regex(message, /(lines|TANIST_SECRET_BELL) has characters that/);
      t.notRegex(message, /s3cr3t/);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('neither addresses with a password nor what an origin echoes is in a message', async (t) => {
  await using server = await httpServer((request, response) => {
    const { host } = request.headers;
    if (request.url === '/redirect')
      response.writeHead(302, { location: `http://user:${secret}@${host}/` }).end();
    else if (request.url === '/scheme') response.writeHead(302, { location: `${secret}:there` }).end();
    else if (request.url === '/nonsense') response.writeHead(302, { location: `http://${secret}:x/` }).end();
    else response.end(`auth=Bearer ${secret}`);
  });
  for (const [path, expected] of [
    ['/redirect', 'origin-redirects'],
    ['/scheme', 'origin-redirects'],
    ['/nonsense', 'origin-redirects'],
    ['/echo', 'origin-unreadable'],
  ] as const) {
    const { code, message } = failure(await ask({ kind: 'http', url: `${server.url}${path}` }));
    t.is(code, expected, path);
    t.notRegex(message, /s3cr3t/, path);
  }
  t.throws(() => parseSource('s', { origin: { kind: 'http', url: `https://user:${secret}@x/{key}` } }), {
    message: /origin\.url: .*password/,
  });
});

test('what an origin of one’s own throws is not written down', async (t) => {
  const { origin, open, close } = world();
  const mirrors = await open();
  origin.answer = () => {
    throw new TypeError(`Bearer ${secret} is no token`);
  };
  const error = await t.throwsAsync(mirrors.poll('s/a'));
  t.notRegex(error?.message ?? '', /s3cr3t/);
  t.notRegex(JSON.stringify((await mirrors.health()).resources), /s3cr3t/);
  origin.answer = () => content({ cpu: 1 });
  await close();
});
