import { request } from 'node:http';

export interface GatewayAnswer {
  readonly status: number;
  readonly text: string;
  readonly body: unknown;
}

/** As curl does it; `body` goes as it is, objects as JSON. */
export async function post(endpoint: string, path: string, body: unknown): Promise<GatewayAnswer> {
  const response = await fetch(`http://${endpoint}${path}`, {
    method: 'POST',
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  return { status: response.status, text, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Without what differs between two clusters. */
export function comparable({ status, text }: GatewayAnswer): string {
  const ids = /"(?:cluster_id|member_id|raft_term)":"\d+",?/g;
  return `${status} ${text.replaceAll(ids, '').replaceAll(',}', '}')}`;
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A streaming call: the next line, parsed; null at the end. */
export interface StreamOfLines {
  readonly status: number;
  next(): Promise<unknown>;
  close(): void;
}

export function stream(endpoint: string, path: string, body: string): Promise<StreamOfLines> {
  return new Promise((resolve, reject) => {
    const [host, port] = endpoint.split(':');
    const call = request({ host, port, path, method: 'POST' }, (response) => {
      const lines = readLines(response);
      resolve({
        status: response.statusCode ?? 0,
        next: async () => {
          const { done, value } = await lines.next();
          return done === true ? null : JSON.parse(value);
        },
        close: () => call.destroy(),
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

async function* readLines(response: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  let rest = '';
  for await (const chunk of response) {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
