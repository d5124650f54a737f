import { asBuffer } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { Attribute, Graph, Tensor } from './graph.ts';
import { attributeType, elementType, irVersion, modelMessage, opsetVersion } from './schema.ts';

/** Which attributes of used operators are floats: a whole number does not tell. */
const floatAttributes = new Set(['alpha', 'epsilon', 'clip']);

function attribute([name, value]: readonly [string, Attribute]) {
  if (typeof value === 'string') return { name, type: attributeType.string, s: Buffer.from(value) };
  if (typeof value !== 'number') return { name, type: attributeType.ints, ints: [...value] };
  return floatAttributes.has(name)
    ? { name, type: attributeType.float, f: value }
    : { name, type: attributeType.int, i: value };
}

function valueInfo({ name, shape }: Tensor) {
  const dim = shape.map((size) => (typeof size === 'number' ? { dim_value: size } : { dim_param: size }));
  return { name, type: { tensor_type: { elem_type: elementType.float, shape: { dim } } } };
}

/** The graph as an ONNX model. */
export function encodeModel(graph: Graph): Uint8Array {
  const nameOf = (tensor: Tensor | null): string => tensor?.name ?? '';
  const message = {
    ir_version: irVersion,
    producer_name: 'tanist',
    opset_import: [{ domain: '', version: opsetVersion }],
    graph: {
      name: graph.name,
      node: graph.nodes.map(({ operator, inputs, outputs, attributes }, index) => ({
        name: `${operator}_${index}`,
        op_type: operator,
        input: inputs.map(nameOf),
        output: outputs.map(nameOf),
        attribute: Object.entries(attributes).map(attribute),
      })),
      initializer: graph.constants.map(({ name, dims, data }) => ({
        name,
        dims: [...dims],
        data_type: data instanceof Float32Array ? elementType.float : elementType.int64,
        raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      })),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
    },
  };
  return modelMessage.encode(modelMessage.fromObject(message)).finish();
}

/** What can be said of a model without running it. */
export interface ModelOutline {
  readonly producer: string;
  readonly opset: number;
  readonly operators: ReadonlyMap<string, number>;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

interface DecodedInfo {
  readonly name: string;
  readonly type: {
    readonly tensor_type: {
      readonly shape: {
        readonly dim?: readonly { readonly dim_value?: number; readonly dim_param?: string }[];
      };
    };
  };
}
interface Decoded {
  readonly producer_name?: string;
  readonly opset_import?: readonly { readonly version: number }[];
  readonly graph?: {
    readonly node?: readonly { readonly op_type: string }[];
    readonly input?: readonly DecodedInfo[];
    readonly output?: readonly DecodedInfo[];
  };
}

/** @throws `model-damaged` the bytes are no ONNX model */
export function outlineModel(bytes: Uint8Array): ModelOutline {
  let decoded: Decoded;
  try {
    decoded = modelMessage.toObject(modelMessage.decode(asBuffer(bytes)), { longs: Number });
  } catch (error) {
    throw new TanistError('model-damaged', 'not an ONNX model, or cut short', { cause: error });
  }
  if (decoded.graph === undefined) throw new TanistError('model-damaged', 'an ONNX model without a graph');
  const counts = new Map<string, number>();
  for (const { op_type } of decoded.graph.node ?? []) counts.set(op_type, (counts.get(op_type) ?? 0) + 1);
  const tensor = ({ name, type }: DecodedInfo): Tensor => ({
    name,
    shape: (type.tensor_type.shape.dim ?? []).map(({ dim_value, dim_param }) => dim_param ?? dim_value ?? 0),
  });
  return {
    producer: decoded.producer_name ?? '',
    opset: decoded.opset_import?.[0]?.version ?? 0,
    operators: counts,
    inputs: (decoded.graph.input ?? []).map(tensor),
    outputs: (decoded.graph.output ?? []).map(tensor),
  };
}
