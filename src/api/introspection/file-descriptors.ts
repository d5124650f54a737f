import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import descriptor, { type IDescriptorProto, type IFileDescriptorSet } from 'protobufjs/ext/descriptor.js';

const folder = new URL('../../../../proto/', import.meta.url);
const files = ['tanist/v1/tanist.proto', 'etcd/rpc.proto', 'etcd/v3lock.proto', 'etcd/v3election.proto'];

/** The API as encoded FileDescriptorProtos, one a package, read from the `.proto` files of this package. */
export async function readFileDescriptors(): Promise<readonly Buffer[]> {
  const root = new protobuf.Root();
  const here = root.resolvePath.bind(root);
  root.resolvePath = (origin, target) => {
    const base =
      target.startsWith('tanist/') || target.startsWith('etcd/') ? folder : new URL('etcd/', folder);
    return target.startsWith('/') ? here(origin, target) : fileURLToPath(new URL(target, base));
  };
  await root.load([...files], { keepCase: true });
  root.resolveAll();
  const set = (root as unknown as { toDescriptor(edition: string): IFileDescriptorSet }).toDescriptor(
    'proto3',
  );
  const packages = set.file ?? [];
  for (const file of packages) {
    // What a file refers to is in other packages, which descriptors name as imports; protobufjs leaves that out.
    const types = new Set([
      ...(file.messageType ?? []).flatMap(typesOf),
      ...(file.service ?? []).flatMap(({ method }) =>
        (method ?? []).flatMap(({ inputType, outputType }) => [inputType ?? '', outputType ?? '']),
      ),
    ]);
    file.dependency = packages
      .filter((other) => other !== file && [...types].some((type) => type.startsWith(`.${other.package}.`)))
      .map(({ name }) => name ?? '');
  }
  return packages.map((file) => Buffer.from(descriptor.FileDescriptorProto.encode(file).finish()));
}

function typesOf({ field, nestedType }: IDescriptorProto): readonly string[] {
  return [...(field ?? []).map(({ typeName }) => typeName ?? ''), ...(nestedType ?? []).flatMap(typesOf)];
}
