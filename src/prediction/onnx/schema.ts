import protobuf from 'protobufjs';

/**
 * The messages of ONNX that a computational graph needs, field numbers as in onnx.proto3 (ONNX, Apache-2.0). Fields left out here are
 * skipped when read.
 */
const text = `
syntax = "proto3";
package onnx;
message AttributeProto {
  string name = 1;
  float f = 2;
  int64 i = 3;
  bytes s = 4;
  repeated float floats = 7;
  repeated int64 ints = 8;
  int32 type = 20;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  string name = 3;
  string op_type = 4;
  repeated AttributeProto attribute = 5;
}
message TensorProto {
  repeated int64 dims = 1;
  int32 data_type = 2;
  string name = 8;
  bytes raw_data = 9;
}
message TensorShapeProto {
  message Dimension {
    oneof value { int64 dim_value = 1; string dim_param = 2; }
  }
  repeated Dimension dim = 1;
}
message TypeProto {
  message Tensor { int32 elem_type = 1; TensorShapeProto shape = 2; }
  oneof value { Tensor tensor_type = 1; }
}
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message GraphProto {
  repeated NodeProto node = 1;
  string name = 2;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
}
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message ModelProto {
  int64 ir_version = 1;
  string producer_name = 2;
  GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
}
`;

export const modelMessage: protobuf.Type = protobuf
  .parse(text, { keepCase: true })
  .root.lookupType('onnx.ModelProto');

/** `TensorProto.DataType` */
export const elementType = { float: 1, int64: 7 } as const;
/** `AttributeProto.AttributeType` */
export const attributeType = { float: 1, int: 2, string: 3, ints: 7 } as const;
/** Written by this project; the newest that its operators need (ReduceSum and Split with inputs: 13). */
export const irVersion = 8;
export const opsetVersion = 17;
