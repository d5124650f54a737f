import type { Shape } from '../../target.ts';

/** A member among the others: its address, and its place (from 0), which numbers its class and filter in others' namespaces. */
export interface Neighbour {
  readonly number: number;
  readonly host: string;
}

/** Where nothing is to be slowed down, an amount that no machine reaches. */
const unlimited = '100gbit';
const queuePackets = 100_000;
const device = 'eth0';

/** For `nft -f -` in the receiver's namespace: what of the others' packets is dropped on arrival. There nobody is told, not even the sender's own kernel. */
export function dropRules(incoming: readonly (readonly [Neighbour, Shape])[]): string {
  const rules = incoming.flatMap(([{ host }, { cut, loss }]) => {
    if (cut === true) return [`add rule inet tanist in ip saddr ${host} drop`];
    if (loss === undefined || loss <= 0) return [];
    const perMille = Math.round(Math.min(1, loss) * 1000);
    return [`add rule inet tanist in ip saddr ${host} numgen random mod 1000 < ${perMille} drop`];
  });
  return `${['flush chain inet tanist in', ...rules].join('\n')}\n`;
}

export const dropTable =
  'add table inet tanist\nadd chain inet tanist in { type filter hook input priority 0; policy accept; }\n';

/** For `tc -batch -`, once in a namespace before the first of `slowing`. What no filter names passes as if nothing were there (tc-htb(8)). */
export const slowingRoot = `qdisc add dev ${device} root handle 1: htb default 0\n`;

/** For `tc -batch -` in the sender's namespace: what goes to `to` is delayed, its rate limited. `was`: it was shaped before. */
export function slowing(to: Neighbour, shape: Shape, was: boolean): string {
  const { delayMs = 0, jitterMs = 0, bytesPerSecond } = shape;
  const id = (to.number + 16).toString(16);
  const lines: string[] = [];
  if (was) lines.push(`filter del dev ${device} parent 1: protocol ip prio ${to.number + 1}`);
  if (isSlowed(shape)) {
    const rate =
      bytesPerSecond === undefined ? unlimited : `${Math.max(1000, Math.round(bytesPerSecond * 8))}bit`;
    lines.push(`class replace dev ${device} parent 1: classid 1:${id} htb rate ${rate} quantum 60000`);
    if (delayMs > 0 || jitterMs > 0)
      lines.push(
        `qdisc replace dev ${device} parent 1:${id} handle ${id}: netem delay ${delayMs}ms ${jitterMs}ms limit ${queuePackets}`,
      );
    else lines.push(`qdisc replace dev ${device} parent 1:${id} handle ${id}: pfifo limit ${queuePackets}`);
    lines.push(
      `filter add dev ${device} parent 1: protocol ip prio ${to.number + 1} u32 match ip dst ${to.host}/32 flowid 1:${id}`,
    );
  }
  return lines.map((line) => `${line}\n`).join('');
}

export function isSlowed({ delayMs = 0, jitterMs = 0, bytesPerSecond }: Shape): boolean {
  return delayMs > 0 || jitterMs > 0 || bytesPerSecond !== undefined;
}
