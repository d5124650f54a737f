/** `tanist/dependencies`: dependencies that machines share. `startAgent` beside a sandbox, `StateRegistry` for who holds what. */
export type * from '../ports/dependency-registry.ts';
export { startAgent } from './agent/agent.ts';
export type { AgentCounts } from './agent/meter.ts';
export {
  type AgentOptions,
  type AgentPorts,
  type AgentStats,
  agentDefaults,
  type RunningAgent,
} from './agent/options.ts';
export { keysOfIntegrity, keyText, parseKeyText, urlKey } from './content-key.ts';
export { configFor, type NpmConfig, readNpmConfig } from './npm/npm-config.ts';
export { candidates, ItemForecaster } from './pre-cache/forecaster.ts';
export { PreCacheService } from './pre-cache/service.ts';
export { type ProxyRule, rulesFrom } from './proxy/rules.ts';
export { StateRegistry } from './registry/state-registry.ts';
