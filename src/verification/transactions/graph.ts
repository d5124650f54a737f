/** Adya's direct conflicts, and real time: `from` returned before `to` was called. */
export type EdgeKind = 'ww' | 'wr' | 'rw' | 'rt';

/** `from` comes before `to` in any order that explains the history. Nodes are positions in the list of transactions. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly kind: EdgeKind;
  /** In words; only asked for edges of a cycle that is reported. */
  readonly why: () => string;
}

export class Graph {
  readonly #out: Edge[][];
  readonly #seen: Readonly<Record<EdgeKind, Set<number>>> = {
    ww: new Set(),
    wr: new Set(),
    rw: new Set(),
    rt: new Set(),
  };

  constructor(nodes: number) {
    this.#out = Array.from({ length: nodes }, () => []);
  }

  get nodes(): number {
    return this.#out.length;
  }

  /** The first reason of a kind of edge between two nodes is kept. Edges to itself mean nothing. */
  add(edge: Edge): void {
    if (edge.from === edge.to) return;
    const seen = this.#seen[edge.kind];
    const pair = edge.from * this.nodes + edge.to;
    if (seen.has(pair)) return;
    seen.add(pair);
    this.#out[edge.from]?.push(edge);
  }

  out(node: number): readonly Edge[] {
    return this.#out[node] ?? [];
  }

  /** Every node of each strongly connected component of more than one node, over edges of `kinds` alone (Tarjan 1972, without recursion). */
  components(kinds: ReadonlySet<EdgeKind>): readonly (readonly number[])[] {
    const found: number[][] = [];
    const order = new Int32Array(this.nodes).fill(-1);
    const low = new Int32Array(this.nodes);
    const nextEdge = new Int32Array(this.nodes);
    const onStack = new Uint8Array(this.nodes);
    const stack: number[] = [];
    let counter = 0;
    const enter = (node: number): number => {
      order[node] = low[node] = counter++;
      onStack[node] = 1;
      stack.push(node);
      return node;
    };
    for (let root = 0; root < this.nodes; root++) {
      if (order[root] !== -1) continue;
      const path = [enter(root)];
      for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
        const edge = this.out(node)[nextEdge[node] ?? 0];
        if (edge !== undefined) {
          nextEdge[node] = (nextEdge[node] ?? 0) + 1;
          if (!kinds.has(edge.kind)) continue;
          if (order[edge.to] === -1) path.push(enter(edge.to));
          else if (onStack[edge.to]) low[node] = Math.min(low[node] ?? 0, order[edge.to] ?? 0);
          continue;
        }
        path.pop();
        const parent = path.at(-1);
        if (parent !== undefined) low[parent] = Math.min(low[parent] ?? 0, low[node] ?? 0);
        if (low[node] !== order[node]) continue;
        const component = stack.splice(stack.lastIndexOf(node));
        for (const each of component) onStack[each] = 0;
        if (component.length > 1) found.push(component);
      }
    }
    return found;
  }
}
