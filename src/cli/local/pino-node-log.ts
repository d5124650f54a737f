import type { Logger } from 'pino';
import type { NodeEvent, NodeEventFields, NodeLog } from '../../ports/node-log.ts';

/** A node's events as pino lines: `event`, its fields, and `atMs` (ms since 1970 with fraction), by which a failover's moments compare. */
export function pinoNodeLog(logger: Logger): NodeLog {
  const line = (event: NodeEvent, fields: NodeEventFields): object => ({
    event,
    atMs: performance.timeOrigin + performance.now(),
    ...fields,
  });
  return {
    info: (event, fields = {}) => logger.info(line(event, fields), event),
    warn: (event, fields = {}) => logger.warn(line(event, fields), event),
    error: (event, fields = {}) => logger.error(line(event, fields), event),
  };
}
