import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { AgentMetrics } from '../../api/metrics/agent-metrics.ts';
import { systemClock } from '../../api/system-clock.ts';
import { startAgent } from '../../dependencies/agent/agent.ts';
import { agentDefaults } from '../../dependencies/agent/options.ts';
import { within } from '../../dependencies/agent/within.ts';
import { configFor, readNpmConfig } from '../../dependencies/npm/npm-config.ts';
import { proxySettings } from '../../dependencies/outside/proxy-settings.ts';
import { rulesFrom } from '../../dependencies/proxy/rules.ts';
import { StateRegistry } from '../../dependencies/registry/state-registry.ts';
import { asError, TanistError } from '../../foundation/errors.ts';
import { parseYaml } from '../../foundation/parse-yaml.ts';
import { parentChannel } from '../../local/node-channel.ts';
import type { ClientOptions } from '../command.ts';
import { endpointsOf } from '../command.ts';
import { stopSignal } from '../local/stop-signal.ts';
import { openPlanes } from '../open-planes.ts';
import { outputTo } from '../terminal/output.ts';
import { LatePlanes } from './late-planes.ts';

export interface AgentCommandOptions {
  readonly id?: string;
  readonly application: string;
  readonly zone: string;
  readonly cache: string;
  readonly cacheSize: number;
  readonly listen: { readonly host: string; readonly port: number };
  readonly peerListen: { readonly host: string; readonly port: number };
  readonly advertise?: string;
  readonly registry?: string;
  readonly rules?: string;
  readonly metadataTtl: number;
  readonly metadataFromUpstream?: boolean;
  readonly watch?: string;
  readonly preCache: number;
  readonly etcd?: boolean;
}

const startUndoneMs = 3000;

/** Runs until a signal, or until the process that started it is gone. */
export async function runAgent(options: ClientOptions & AgentCommandOptions): Promise<void> {
  const out = outputTo(options.json === true);
  const say = (text: string): void => void process.stderr.write(`agent: ${text}\n`);
  const parent = parentChannel();
  const signalled = stopSignal().then(() => undefined);
  const stopped = Promise.race([
    signalled,
    new Promise<undefined>((gone) => parent.onParentGone(() => gone(undefined))),
  ]);
  const open = (signal: AbortSignal) =>
    openPlanes(endpointsOf(options), options.etcd === true, { connectMs: options.timeout ?? 5000, signal });
  const planes = new LatePlanes(open, systemClock);
  try {
    const cacheFolder = resolve(options.cache);
    const starting = startAgent(
      {
        ...agentDefaults,
        id: options.id ?? idOf(cacheFolder),
        application: options.application,
        zone: options.zone,
        cacheFolder,
        cacheBytes: options.cacheSize,
        listen: options.listen,
        peerListen: options.peerListen,
        advertise: options.advertise ?? null,
        rules: options.rules === undefined ? [] : await readRules(options.rules),
        metadataTtlMs: options.metadataTtl,
        metadataFromPeers: options.metadataFromUpstream !== true,
        preCacheBytes: options.preCache,
        watch: options.watch ?? null,
      },
      {
        registry: new StateRegistry(planes.state, systemClock),
        state: planes.state,
        npm:
          options.registry === undefined
            ? await readNpmConfig(process.cwd())
            : configFor(options.registry, proxySettings({}, process.env)),
        clock: systemClock,
        metrics: new AgentMetrics(),
        say,
      },
    );
    const agent = await Promise.race([starting, stopped]);
    if (agent === undefined) {
      // Stopped before it served: what has begun by then is undone, what hangs is left.
      const undone = starting.then((late) => late.stop()).catch(() => undefined);
      await within(systemClock, startUndoneMs, undone).catch(() => process.exit(1));
      return;
    }
    try {
      const { sandbox, cache } = agent.stats();
      out.document({
        ready: true,
        id: sandbox.id,
        address: agent.address,
        peerAddress: sandbox.address,
        pid: process.pid,
      });
      out.say(
        `${out.style.green('ready')} as ${out.style.bold(sandbox.id)}: npm registry and HTTP proxy at http://${agent.address}`,
      );
      out.say(
        `other agents ask at ${sandbox.address}; ${cache.objects} objects in ${cacheFolder}. Ctrl-C stops it.`,
      );
      const lost = await Promise.race([stopped, agent.lost]);
      if (lost !== undefined) throw lost;
    } finally {
      await agent.stop();
    }
  } finally {
    await planes.close();
    parent.close();
  }
}

async function readRules(file: string): Promise<ReturnType<typeof rulesFrom>> {
  try {
    return rulesFrom(parseYaml(await readFile(file, 'utf8')));
  } catch (error) {
    if (error instanceof TanistError) throw error;
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is none' : asError(error).message;
    throw new TanistError(
      'config-invalid',
      `the rules ${file} cannot be read: ${why.replace(/\s*\n\s*/g, ' ')}`,
    );
  }
}

/** Stays the same for this folder on this host. */
function idOf(folder: string): string {
  const host = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 40);
  return `${host === '' ? 'host' : host}-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;
}
