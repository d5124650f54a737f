export const dependencyParts = ['registry', 'fleet', 'holder', 'pre-cache', 'npm'] as const;
export type DependencyPart = (typeof dependencyParts)[number];

export interface BenchDependenciesOptions {
  readonly only?: readonly DependencyPart[];
  readonly seconds: number;
  readonly agents: number;
  readonly runs: number;
  readonly json?: boolean;
}

export interface DependencyFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the value is promised to be at least, or at most; null: nothing. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface PartContext {
  readonly options: BenchDependenciesOptions;
  readonly folder: string;
  readonly progress: (text: string) => void;
  readonly say: (line: string) => void;
}

export type Part = (context: PartContext) => Promise<readonly DependencyFigure[]>;
