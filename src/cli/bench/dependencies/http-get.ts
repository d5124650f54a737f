import { type Agent, get } from 'node:http';

/** Reads an answer to its end; `heard` gets its pieces. Fails unless it is 200 and whole. */
export function fetchAll(
  url: string,
  agent: Agent,
  heard: (bytes: number) => void = () => undefined,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent }, (response) => {
      let size = 0;
      let said = '';
      response.on('data', (part: Buffer) => {
        size += part.length;
        heard(part.length);
        if (response.statusCode !== 200) said = (said + part.toString('utf8')).slice(0, 500);
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200 && response.complete) resolve(size);
        else reject(new Error(`${url} answers ${response.statusCode} ${said}`));
      });
    });
    asked.on('error', reject);
  });
}
