import type { RunPart } from '../parts/part.ts';

export const dependencyParts = ['registry', 'fleet', 'holder', 'pre-cache', 'npm'] as const;
export type DependencyPart = (typeof dependencyParts)[number];

export interface BenchDependenciesOptions {
  readonly only?: readonly DependencyPart[];
  readonly seconds: number;
  readonly agents: number;
  readonly runs: number;
  readonly json?: boolean;
}

export type Run = RunPart<BenchDependenciesOptions>;
