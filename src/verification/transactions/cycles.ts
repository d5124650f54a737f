import type { CycleAnomaly } from './anomaly.ts';
import type { Edge, EdgeKind, Graph } from './graph.ts';

/** A kind of cycle: it begins with an edge of `first`, goes on over edges of `rest`, and has one of `needed` among those (null: needs none). */
interface CycleClass {
  readonly name: CycleAnomaly | `${CycleAnomaly}-realtime`;
  readonly first: EdgeKind;
  readonly rest: ReadonlySet<EdgeKind>;
  readonly needed: readonly EdgeKind[];
}

/** Worst first: a history that has one of the later kinds alone is still everything that the earlier ones rule out. */
const classes: readonly CycleClass[] = [
  { name: 'G0', first: 'ww', rest: new Set(['ww']), needed: [] },
  { name: 'G1c', first: 'wr', rest: new Set(['ww', 'wr']), needed: [] },
  { name: 'G-single', first: 'rw', rest: new Set(['ww', 'wr']), needed: [] },
  { name: 'G2-item', first: 'rw', rest: new Set(['ww', 'wr', 'rw']), needed: ['rw'] },
  { name: 'G0-realtime', first: 'ww', rest: new Set(['ww', 'rt']), needed: ['rt'] },
  { name: 'G1c-realtime', first: 'wr', rest: new Set(['ww', 'wr', 'rt']), needed: ['rt'] },
  { name: 'G-single-realtime', first: 'rw', rest: new Set(['ww', 'wr', 'rt']), needed: ['rt'] },
  { name: 'G2-item-realtime', first: 'rw', rest: new Set(['ww', 'wr', 'rw', 'rt']), needed: ['rw', 'rt'] },
];

const everyKind: ReadonlySet<EdgeKind> = new Set(['ww', 'wr', 'rw', 'rt']);

export interface Cycle {
  readonly name: CycleClass['name'];
  readonly edges: readonly Edge[];
}

/** From how many more edges a shorter cycle is looked for once there is one: any cycle proves the anomaly, a short one is a kindness. */
const moreStarts = 256;

export interface FoundCycles {
  readonly cycles: readonly Cycle[];
  /** False: `shouldStop` ended the search. */
  readonly complete: boolean;
}

/**
 * A short cycle of each component that has one, for each class. A component that holds a cycle told already is left out of the weaker classes:
 * it would only be the same contradiction by a longer way.
 */
export function findCycles(graph: Graph, shouldStop: () => boolean): FoundCycles {
  const cycles: Cycle[] = [];
  if (graph.components(everyKind).length === 0) return { cycles, complete: true };
  const told = new Set<number>();
  for (const kind of classes) {
    for (const component of graph.components(new Set([kind.first, ...kind.rest]))) {
      if (component.some((node) => told.has(node))) continue;
      const within = new Set(component);
      let edges: readonly Edge[] | null = null;
      let starts = 0;
      for (const first of edgesWithin(graph, within, kind.first)) {
        if (shouldStop()) return { cycles, complete: false };
        if (edges !== null && (edges.length === 2 || ++starts > moreStarts)) break;
        const cycle = cycleOver(graph, within, kind, first);
        if (cycle !== null && (edges === null || cycle.length < edges.length)) edges = cycle;
      }
      if (edges === null) continue;
      cycles.push({ name: kind.name, edges });
      for (const edge of edges) told.add(edge.from);
    }
  }
  return { cycles, complete: true };
}

function* edgesWithin(graph: Graph, component: ReadonlySet<number>, kind: EdgeKind): Iterable<Edge> {
  for (const node of component)
    for (const edge of graph.out(node)) if (edge.kind === kind && component.has(edge.to)) yield edge;
}

/**
 * The shortest cycle that begins with the edge; null if there is none, or it passes a transaction twice. (The shortest of the component never
 * does: it would fall apart into cycles of which one were of a worse class, told already.)
 */
function cycleOver(
  graph: Graph,
  component: ReadonlySet<number>,
  kind: CycleClass,
  first: Edge,
): readonly Edge[] | null {
  const path = shortestPath(graph, component, kind, first.to, first.from);
  if (path === null) return null;
  const cycle = [first, ...path];
  return new Set(cycle.map((edge) => edge.from)).size === cycle.length ? cycle : null;
}

/** Breadth first over pairs of a node and which of the needed kinds were passed. */
function shortestPath(
  graph: Graph,
  component: ReadonlySet<number>,
  kind: CycleClass,
  from: number,
  to: number,
): readonly Edge[] | null {
  const masks = 1 << kind.needed.length;
  const reached = new Map<number, { readonly edge: Edge; readonly before: number }>();
  const queue = [from * masks];
  for (let i = 0; i < queue.length; i++) {
    const at = queue[i] ?? 0;
    const mask = at % masks;
    for (const edge of graph.out((at - mask) / masks)) {
      if (!kind.rest.has(edge.kind) || !component.has(edge.to)) continue;
      const needed = kind.needed.indexOf(edge.kind);
      const next = edge.to * masks + (needed < 0 ? mask : mask | (1 << needed));
      if (reached.has(next)) continue;
      reached.set(next, { edge, before: at });
      if (next === to * masks + masks - 1) return pathTo(reached, next, from * masks);
      queue.push(next);
    }
  }
  return null;
}

function pathTo(
  reached: ReadonlyMap<number, { readonly edge: Edge; readonly before: number }>,
  end: number,
  start: number,
): readonly Edge[] {
  const path: Edge[] = [];
  for (let at = end; ; ) {
    const step = reached.get(at);
    if (step === undefined) break;
    path.push(step.edge);
    at = step.before;
    if (at === start) break;
  }
  return path.reverse();
}
