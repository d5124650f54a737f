import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { type OutsideProxy, type ProxySettings, proxyFor } from './proxy-settings.ts';
import { openTunnel, type TlsTrust, TunnelAgent } from './tunnel.ts';

/** How an address is asked. */
export interface Route {
  /** Keeps the connections. */
  readonly agent: HttpAgent;
  /** A proxy that is given the whole address; null: its host itself is asked, be it through a tunnel of the agent. */
  readonly forward: OutsideProxy | null;
}

export type RouteFor = (url: URL) => Route;

/** Without proxies, whatever the address. */
export const directly = (agent: HttpAgent): RouteFor => {
  const route = { agent, forward: null };
  return () => route;
};

export interface RouteOptions {
  readonly clock: Clock;
  readonly proxies: ProxySettings;
  /** PEM of the authorities to trust; empty: those of Node.js. */
  readonly authorities: readonly string[];
  readonly strictTls: boolean;
  readonly headMs: number;
}

const sockets = { keepAlive: true, maxSockets: 32 };

/** The ways to the world outside: directly, or through the proxies that this machine is configured for. */
export class Routes {
  readonly #options: RouteOptions;
  readonly #trust: TlsTrust;
  readonly #http = new HttpAgent(sockets);
  readonly #https: HttpsAgent;
  readonly #tunnels: TunnelAgent | null;

  constructor(options: RouteOptions) {
    const { authorities, strictTls, proxies } = options;
    this.#options = options;
    this.#trust = {
      rejectUnauthorized: strictTls,
      ...(authorities.length === 0 ? {} : { ca: [...authorities] }),
    };
    this.#https = new HttpsAgent({ ...sockets, ...this.#trust });
    this.#tunnels =
      proxies.forHttps === null ? null : new TunnelAgent(sockets, this.#through(proxies.forHttps));
  }

  readonly routeFor: RouteFor = (url) => {
    const proxy = proxyFor(url, this.#options.proxies);
    if (url.protocol === 'https:')
      return { agent: proxy === null ? this.#https : (this.#tunnels ?? this.#https), forward: null };
    return { agent: proxy?.url.protocol === 'https:' ? this.#https : this.#http, forward: proxy };
  };

  /** Bytes to and from `host:port`, as of CONNECT. Fails as `unavailable`, `deadline-exceeded`. */
  connect(host: string, port: number): Promise<Duplex> {
    const target = `${host}:${port}`;
    const proxy = proxyFor(new URL(`https://${target}`), this.#options.proxies);
    if (proxy !== null) return openTunnel(target, this.#through(proxy));
    const { clock, headMs } = this.#options;
    return new Promise((resolve, reject) => {
      const socket = connect(port, host.replace(/^\[|\]$/g, ''), () => {
        timer.cancel();
        socket.off('error', failed);
        resolve(socket);
      });
      const failed = (error: unknown): void => {
        timer.cancel();
        reject(new TanistError('unavailable', `${target} cannot be reached (${asError(error).message})`));
      };
      const timer = clock.after(headMs, () => {
        socket.destroy();
        reject(new TanistError('deadline-exceeded', `${target} does not answer within ${headMs} ms`));
      });
      socket.once('error', failed);
    });
  }

  close(): void {
    for (const agent of [this.#http, this.#https, this.#tunnels]) agent?.destroy();
  }

  #through(proxy: OutsideProxy) {
    const { clock, headMs } = this.#options;
    return { proxy, trust: this.#trust, clock, headMs };
  }
}
