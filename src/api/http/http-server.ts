import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ServedNode } from '../../node/served-node.ts';
import type { EtcdServices } from '../etcd/etcd-services.ts';
import { Gateway } from '../etcd/gateway/gateway.ts';
import { isGatewayPath } from '../etcd/gateway/routes.ts';
import { listen } from '../front/listen.ts';
import { MetricsPage } from '../metrics/metrics-page.ts';
import { healthRoutes } from './health-routes.ts';
import { probeRoutes } from './probe-routes.ts';
import { roleRoutes, versionRoutes } from './role-routes.ts';
import { type Route, replyJson } from './route.ts';

/** Clients keep connections; a server that closes them first makes their next request fail. */
const keepAliveMs = 120_000;

/** Everything that is spoken over HTTP/1.1, on the HTTP port and on the client port alike: pages for operators and etcd's JSON gateway. */
export class HttpServer {
  readonly #server: Server;
  readonly #metrics: MetricsPage;

  constructor(node: ServedNode, etcd: EtcdServices) {
    const gateway = new Gateway(etcd);
    this.#metrics = new MetricsPage(node, etcd);
    const routes: ReadonlyMap<string, Route> = new Map([
      ...roleRoutes(node),
      ...versionRoutes,
      ...healthRoutes(etcd),
      ...probeRoutes(etcd),
      ['/metrics', this.#metrics.route] as const,
    ]);
    const known = [...routes.keys()].filter((path) => path.lastIndexOf('/') === 0).join(', ');
    this.#server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
      const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
      const route = routes.get(path);
      if (isGatewayPath(path)) void gateway.handle(path, request, response);
      else if (route === undefined)
        replyJson(response, 404, {
          error: `nothing at ${path}; there are ${known}, and etcd's API below /v3/`,
        });
      else if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('allow', 'GET');
        replyJson(response, 405, { error: `${path} is read with GET` });
      } else route(new URLSearchParams(query), response);
    });
  }

  /** Resolves to the bound address. Fails with `port-taken`. */
  listen(address: string): Promise<string> {
    return listen(this.#server, address, 'HTTP');
  }

  /** More metrics of this process, behind the node's own. */
  alsoShow(metrics: () => Promise<string>): void {
    this.#metrics.alsoShow(metrics);
  }

  /** Serves a connection that another port has accepted. */
  take(socket: Socket): void {
    this.#server.emit('connection', socket);
  }

  close(): void {
    this.#metrics.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
