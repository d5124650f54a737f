import type { MutantName } from '../../foundation/mutants.ts';
import type { Selection } from '../scenarios/registry.ts';
import type { TargetOptions } from '../target/options.ts';
import type { BudgetTable } from './outages.ts';

/** What a plan settles for all of its runs. */
export interface RunSettings {
  /** Given by the user; without: as the scenarios need it. */
  readonly hot?: number;
  readonly warm?: number;
  readonly cold?: number;
  readonly network: TargetOptions['network'];
  readonly mutant?: MutantName;
  /** `main.js` of another build of Tanist. */
  readonly build?: string;
  readonly otherBuild?: string;
  /** Sections of the config of every node. */
  readonly config?: Readonly<Record<string, object>>;
  readonly rate: number;
  readonly clients: number;
  readonly parts?: readonly string[];
}

export interface ScenarioOptions extends RunSettings {
  readonly selection: Selection;
  readonly seed: number;
  /** Of faults; warm-up, settling and checks come on top. */
  readonly seconds: number;
  /** Each script ends after so many faults. */
  readonly count?: number;
  readonly target: 'tanist' | 'etcd';
  readonly budgets: BudgetTable;
  readonly assertBudgets: boolean;
  /** Its own; whatever was in it is not looked at. */
  readonly folder: string;
  readonly replay: string;
  readonly stop?: AbortSignal;
  /** What goes on, for people. */
  readonly onProgress?: (text: string) => void;
}
