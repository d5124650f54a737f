import { assert } from '../../foundation/assert.ts';

/** A size known when the graph is built, or the name of one that is known when it runs. */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** A value in a graph: 32-bit floats unless said otherwise. */
export interface Tensor {
  readonly name: string;
  readonly shape: Shape;
}

export type Attribute = number | string | readonly number[];

export interface Node {
  readonly operator: string;
  /** `null`: an optional input left out. */
  readonly inputs: readonly (Tensor | null)[];
  /** `null`: an output that nobody reads. */
  readonly outputs: readonly (Tensor | null)[];
  /** Integers unless the value has a fraction; see `model-bytes.ts`. */
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Constant {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** A graph under construction. Nodes are in the order of their making, so every node comes after what it reads. */
export class Graph {
  readonly name: string;
  readonly nodes: Node[] = [];
  readonly inputs: Tensor[] = [];
  readonly outputs: Tensor[] = [];
  readonly constants: Constant[] = [];
  readonly #byContent = new Map<string, Tensor>();
  #count = 0;

  constructor(name: string) {
    this.name = name;
  }

  input(name: string, shape: Shape): Tensor {
    assert(
      !this.inputs.some((each) => each.name === name),
      `two inputs of the graph '${this.name}' are called ${name}`,
    );
    const tensor = { name, shape };
    this.inputs.push(tensor);
    return tensor;
  }

  /** Makes a value an output of the graph under this name. */
  output(name: string, value: Tensor): Tensor {
    const tensor = { name, shape: value.shape };
    this.nodes.push({ operator: 'Identity', inputs: [value], outputs: [tensor], attributes: {} });
    this.outputs.push(tensor);
    return tensor;
  }

  /** A constant; one of the same content is shared. */
  constant(values: readonly number[], dims: readonly number[]): Tensor {
    return this.#shared(`f${dims}:${values}`, dims, () => new Float32Array(values));
  }

  scalar(value: number): Tensor {
    return this.constant([value], []);
  }

  /** A vector of integers, as axes and shapes are given to operators. */
  integers(values: readonly number[]): Tensor {
    return this.#shared(`i:${values}`, [values.length], () => new BigInt64Array(values.map(BigInt)));
  }

  add(
    operator: string,
    inputs: readonly (Tensor | null)[],
    shape: Shape,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Tensor {
    const output = this.fresh(shape);
    this.nodes.push({ operator, inputs, outputs: [output], attributes });
    return output;
  }

  /** A value that a node to be added will produce. */
  fresh(shape: Shape): Tensor {
    this.#count += 1;
    return { name: `t${this.#count}`, shape };
  }

  #shared(content: string, dims: readonly number[], data: () => Float32Array | BigInt64Array): Tensor {
    const known = this.#byContent.get(content);
    if (known !== undefined) return known;
    const tensor = { name: `c${this.constants.length}`, shape: dims };
    this.constants.push({ name: tensor.name, dims, data: data() });
    this.#byContent.set(content, tensor);
    return tensor;
  }
}
