import { request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { OutsideProxy } from '../outside/proxy-settings.ts';

export interface TlsTrust {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string[];
}

export interface TunnelOptions {
  readonly proxy: OutsideProxy;
  /** Of a proxy that is itself spoken to over TLS. */
  readonly trust: TlsTrust;
  readonly clock: Clock;
  /** Until the tunnel is open. */
  readonly headMs: number;
}

/** Bytes to and from `host:port` through a proxy (CONNECT: RFC 9110, 9.3.6). Fails as `unavailable`, `deadline-exceeded`. */
export function openTunnel(target: string, options: TunnelOptions): Promise<Duplex> {
  const { proxy, trust, clock, headMs } = options;
  const { url, authorization } = proxy;
  const headers = {
    host: target,
    ...(authorization === null ? {} : { 'proxy-authorization': authorization }),
  };
  const asked = { method: 'CONNECT', path: target, headers, agent: false as const };
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === 'https:' ? httpsRequest(url, { ...asked, ...trust }) : httpRequest(url, asked);
    const timer = clock.after(headMs, () => {
      request.destroy();
      reject(
        new TanistError('deadline-exceeded', `the proxy ${url.host} opens no tunnel within ${headMs} ms`),
      );
    });
    request.once('connect', (response, socket, head) => {
      timer.cancel();
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
        return;
      }
      socket.destroy();
      const why = status === 407 ? '; give it credentials: http://USER:PASSWORD@HOST:PORT' : '';
      reject(new TanistError('unavailable', `the proxy ${url.host} answers ${status} for ${target}${why}`));
    });
    request.on('error', (error) => {
      timer.cancel();
      reject(
        new TanistError('unavailable', `the proxy ${url.host} cannot be reached (${error.message})`, {
          cause: error,
        }),
      );
    });
    request.end();
  });
}

/** Connections to https addresses, each through a tunnel of its own; kept as any others. */
export class TunnelAgent extends HttpsAgent {
  readonly #tunnel: TunnelOptions;

  constructor(sockets: { readonly keepAlive: boolean; readonly maxSockets: number }, tunnel: TunnelOptions) {
    super({ ...sockets, ...tunnel.trust });
    this.#tunnel = tunnel;
  }

  override createConnection(
    { host, port, servername }: RequestOptions,
    done?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const name = host ?? '';
    const target = `${name.includes(':') ? `[${name}]` : name}:${port ?? 443}`;
    const { trust } = this.#tunnel;
    openTunnel(target, this.#tunnel).then(
      (socket) => {
        const names = servername === undefined || servername === '' ? {} : { servername };
        done?.(null, tlsConnect({ ...trust, ...names, host: name, socket, ALPNProtocols: ['http/1.1'] }));
      },
      (error: Error) => done?.(error, new Socket().destroy()),
    );
  }
}
