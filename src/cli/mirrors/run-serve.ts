import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { MirrorMetrics } from '../../api/metrics/mirror-metrics.ts';
import { TanistError } from '../../foundation/errors.ts';
import { type FinishedLook, type Mirrors, Refresher, webhook } from '../../mirrors/index.ts';
import { stopSignal } from '../local/stop-signal.ts';
import { UsageError } from '../terminal/usage-error.ts';
import type { MirrorOptions, ServeOptions } from './options.ts';
import { sourcesIn } from './sources-in.ts';
import { withMirrors } from './with-mirrors.ts';

/** `mirror serve`: a refresher until a signal. Its log, JSON lines, goes to standard error. */
export async function runServe(options: MirrorOptions & ServeOptions): Promise<void> {
  const stopped = stopSignal();
  const log = pino({ base: null }, pino.destination(2));
  const sources = options.config === undefined ? {} : await sourcesIn(options.config);
  const secret = secretOf(options);
  const metrics = new MirrorMetrics();
  await withMirrors(
    options,
    async ({ mirrors, out }) => {
      const refresher = new Refresher(mirrors, { parallel: options.parallel });
      // Before it begins: a refresher that runs keeps the process.
      const server =
        options.http === undefined ? null : await listen(mirrors, metrics, refresher, secret, options);
      refresher.start();
      const http = server === null ? null : addressOf(server);
      out.document({ ready: true, name: mirrors.ports.by, http });
      out.say(
        `refresher ${mirrors.ports.by} is at work${http === null ? '' : `, http ${http}`}; Ctrl-C ends it`,
      );
      await stopped;
      server?.closeAllConnections();
      server?.close();
      await refresher.stop();
    },
    {
      sources,
      ...(options.name === undefined ? {} : { name: options.name }),
      may: {
        commands: options.allowCommands === true,
        files: options.files ?? null,
        secrets: { environmentPrefix: 'TANIST_SECRET_', folder: options.secrets ?? null },
      },
      onTrouble: (error) =>
        log.warn(
          { event: 'trouble', code: error instanceof TanistError ? error.code : undefined },
          error.message,
        ),
      onLook: (look: FinishedLook) => metrics.look(look),
    },
  );
}

function secretOf({ webhookSecretEnv }: ServeOptions): string | null {
  if (webhookSecretEnv === undefined) return null;
  const secret = process.env[webhookSecretEnv] ?? '';
  if (secret === '') throw new UsageError(`--webhook-secret-env: ${webhookSecretEnv} is not set`);
  return secret;
}

async function listen(
  mirrors: Mirrors,
  metrics: MirrorMetrics,
  refresher: Refresher,
  secret: string | null,
  options: ServeOptions,
): Promise<Server> {
  const events =
    secret === null
      ? null
      : webhook({
          secret,
          wallMs: () => mirrors.ports.clock.wallMs(),
          invalidate: (names) => mirrors.invalidate(...names),
        });
  const server = createServer((request, response) => {
    if (request.url === '/metrics') {
      metrics.page(mirrors, refresher).then(
        (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
        (error: unknown) => response.writeHead(500).end(`${String(error)}\n`),
      );
      return;
    }
    if (request.url === '/health') {
      const following = mirrors.live.following;
      response.writeHead(following ? 200 : 503, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify({ following, refreshers: [...refresher.set.members] })}\n`);
      return;
    }
    if (events?.(request, response) === true) return;
    response.writeHead(404).end('not here\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ message }) =>
      reject(
        new TanistError(
          'port-taken',
          `cannot listen on port ${options.http} (${message}); choose another by --http`,
        ),
      ),
    );
    server.listen(options.http, options.httpHost ?? '127.0.0.1', resolve);
  });
  return server;
}

function addressOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo;
  return `${address}:${port}`;
}
