/** The version of etcd whose API this is; clients look for features by it. */
export const etcdVersion = '3.5.17';
export const etcdClusterVersion = '3.5.0';
