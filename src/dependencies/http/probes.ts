import type { ServerResponse } from 'node:http';

/** As a node of the cluster has them: this process answers, and it serves, which an agent does as long as it answers, with the cluster or without. */
export const isProbe = (path: string): boolean => path === '/livez' || path === '/readyz';

export function probed(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end('ok\n');
}
