import { Socket } from 'node:net';
import { routesVariable } from './routes.ts';

/**
 * Loaded into a member's process before anything else (`node --import`): connections to addresses of other members go to the proxy's port for them. Not by the member's
 * config, because members learn each other's addresses from the log as well, and would go past the proxy then.
 */
const routes: ReadonlyMap<string, number> = new Map(
  Object.entries(JSON.parse(process.env[routesVariable] ?? '{}') as Record<string, number>),
);

interface Destination {
  host?: string;
  port?: number | string;
}

const connect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket;

function rerouted(this: Socket, ...args: unknown[]): Socket {
  // `net.connect` hands over the list that it made of its own arguments.
  const list = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  const [first, second] = list;
  if (typeof first === 'object' && first !== null) {
    const to = first as Destination;
    const port = routes.get(`${to.host ?? '127.0.0.1'}:${to.port}`);
    if (port !== undefined) list[0] = { ...to, host: '127.0.0.1', port };
  } else if (typeof first === 'number') {
    const port = routes.get(`${typeof second === 'string' ? second : '127.0.0.1'}:${first}`);
    if (port !== undefined) list[0] = port;
  }
  return connect.apply(this, args);
}

Socket.prototype.connect = rerouted as typeof Socket.prototype.connect;
