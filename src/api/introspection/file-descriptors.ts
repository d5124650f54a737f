import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import descriptor, {
  type IDescriptorProto,
  type IFileDescriptorSet,
  type IServiceDescriptorProto,
} from 'protobufjs/ext/descriptor.js';

const folder = new URL('../../../../proto/', import.meta.url);
const files = [
  'tanist/v1/tanist.proto',
  'tanist/v1/replication.proto',
  'tanist/v1/snapshots.proto',
  'tanist/v1/promotion.proto',
  'tanist/v1/models.proto',
  'tanist/v1/dependencies.proto',
  'etcd/rpc.proto',
  'etcd/v3lock.proto',
  'etcd/v3election.proto',
  'grpc/health.proto',
];

/** The API as encoded FileDescriptorProtos, one a package, read from the `.proto` files of this package. */
export async function readFileDescriptors(): Promise<readonly Buffer[]> {
  const root = new protobuf.Root();
  const here = root.resolvePath.bind(root);
  root.resolvePath = (origin, target) => {
    const base = /^(tanist|etcd|grpc)\//.test(target) ? folder : new URL('etcd/', folder);
    return target.startsWith('/') ? here(origin, target) : fileURLToPath(new URL(target, base));
  };
  await root.load([...files], { keepCase: true });
  root.resolveAll();
  const set = (root as unknown as { toDescriptor(edition: string): IFileDescriptorSet }).toDescriptor(
    'proto3',
  );
  const packages = set.file ?? [];
  for (const file of packages) {
    const scope = file.package ?? '';
    const types = [
      ...(file.messageType ?? []).flatMap((message) => nameTypes(root, scope, message)),
      ...(file.service ?? []).flatMap((service) => nameMethods(root, scope, service)),
    ];
    // Other packages that it refers to, which descriptors name as imports; protobufjs leaves that out.
    file.dependency = packages
      .filter((other) => other !== file && types.some((type) => type.startsWith(`.${other.package}.`)))
      .map(({ name }) => name ?? '');
  }
  return packages.map((file) => Buffer.from(descriptor.FileDescriptorProto.encode(file).finish()));
}

/** Types as the compiler of protobuf names them: from the root. protobufjs leaves them as they were written. Returns those in use. */
function nameTypes(root: protobuf.Root, scope: string, message: IDescriptorProto): readonly string[] {
  const path = `${scope}.${message.name}`;
  const { fields } = root.lookupType(path);
  const used: string[] = [];
  for (const field of message.field ?? []) {
    const entry = message.nestedType?.find(
      ({ name, options }) => options?.mapEntry === true && name === field.typeName,
    );
    const type = fields[field.name ?? '']?.resolvedType?.fullName;
    if (entry !== undefined) {
      // The name that protobuf prescribes for the entries of a map.
      entry.name += 'Entry';
      field.typeName = `.${path}.${entry.name}`;
    } else if (type !== undefined) {
      field.typeName = type;
      used.push(type);
    }
  }
  const nested = (message.nestedType ?? []).filter(({ options }) => options?.mapEntry !== true);
  return [...used, ...nested.flatMap((each) => nameTypes(root, path, each))];
}

function nameMethods(
  root: protobuf.Root,
  scope: string,
  service: IServiceDescriptorProto,
): readonly string[] {
  const { methods } = root.lookupService(`${scope}.${service.name}`);
  return (service.method ?? []).flatMap((method) => {
    const known = methods[method.name ?? ''];
    method.inputType = known?.resolvedRequestType?.fullName ?? method.inputType ?? '';
    method.outputType = known?.resolvedResponseType?.fullName ?? method.outputType ?? '';
    return [method.inputType, method.outputType];
  });
}
