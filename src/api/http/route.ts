import type { ServerResponse } from 'node:http';

/** Answers a GET. */
export type Route = (query: URLSearchParams, response: ServerResponse) => void;
export type Routes = readonly (readonly [path: string, route: Route])[];

export function replyJson(response: ServerResponse, code: number, body: unknown): void {
  reply(response, code, 'application/json', `${JSON.stringify(body)}\n`);
}

export function reply(response: ServerResponse, code: number, type: string, body: string): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(code, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
