/** What the commands of `tanist chaos` are given. */
export interface ChaosRunOptions {
  readonly seed?: number;
  readonly seeds?: { readonly from: number; readonly to: number };
  readonly repeat?: number;
  readonly seconds?: number;
  readonly count?: number;
  readonly plan?: string;
  readonly config?: string;
  readonly hot?: number;
  readonly warm?: number;
  readonly cold?: number;
  readonly network?: 'auto' | 'namespaces' | 'proxy';
  readonly target?: 'tanist' | 'etcd' | 'both';
  readonly against?: 'etcd';
  readonly mutant?: string;
  readonly build?: string;
  readonly otherBuild?: string;
  readonly rate?: number;
  readonly clients?: number;
  readonly traffic?: readonly string[];
  readonly budgets: 'assert' | 'report';
  readonly out?: string;
  readonly json?: boolean;
}

export interface ChaosSoakOptions {
  readonly hours?: number;
  readonly seed?: number;
  readonly resume?: string;
  readonly out?: string;
  readonly segment?: number;
  readonly hot?: number;
  readonly warm?: number;
  readonly cold?: number;
  readonly network?: 'auto' | 'namespaces' | 'proxy';
  readonly config?: string;
  readonly build?: string;
  readonly rate?: number;
  readonly clients?: number;
  readonly json?: boolean;
}

export interface ChaosCheckOptions {
  readonly format: 'auto' | 'jepsen' | 'porcupine';
  readonly model: 'auto' | 'register' | 'mutex' | 'list-append' | 'bank';
  readonly initial?: string;
  readonly total?: number;
  readonly negativeBalances?: boolean;
  /** False of `--no-realtime`. */
  readonly realtime: boolean;
  readonly seconds: number;
  readonly json?: boolean;
}

export interface ChaosReportOptions {
  readonly out: string;
  readonly json?: boolean;
}
