import { readdir, readFile, readlink } from 'node:fs/promises';

/** Which of the processes has the loopback connection from `localPort` to `remotePort`; null: none, or the system has no /proc. */
export async function processAt(
  localPort: number,
  remotePort: number,
  pids: readonly number[],
): Promise<number | null> {
  const inode = await inodeOf(localPort, remotePort);
  if (inode === null) return null;
  const name = `socket:[${inode}]`;
  for (const pid of pids) {
    const folder = `/proc/${pid}/fd`;
    const entries = await readdir(folder).catch(() => []);
    const links = await Promise.all(entries.map((entry) => readlink(`${folder}/${entry}`).catch(() => '')));
    if (links.includes(name)) return pid;
  }
  return null;
}

/** Columns of /proc/net/tcp (proc_net_tcp.rst of Linux): number, local address, remote address, state, …; the tenth is the inode. */
async function inodeOf(localPort: number, remotePort: number): Promise<string | null> {
  const text = await readFile('/proc/net/tcp', 'latin1').catch(() => '');
  for (const line of text.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (portOf(columns[1]) === localPort && portOf(columns[2]) === remotePort) return columns[9] ?? null;
  }
  return null;
}

const portOf = (address: string | undefined): number => Number.parseInt(address?.split(':')[1] ?? '', 16);
