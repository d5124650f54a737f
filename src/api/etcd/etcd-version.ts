/** The release of etcd whose API is spoken; clients parse it. */
export const etcdVersion = '3.5.21';
export const etcdClusterVersion = '3.5.0';
