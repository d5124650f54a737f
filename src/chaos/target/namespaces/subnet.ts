import { randomInt } from 'node:crypto';

/** 10.a.b.0/24. */
export interface Subnet {
  readonly a: number;
  readonly b: number;
}

/** Of the harness in the network of the members. */
export const hostOfHarness = ({ a, b }: Subnet): string => `10.${a}.${b}.1`;
export const hostOfMember = ({ a, b }: Subnet, n: number): string => `10.${a}.${b}.${n + 10}`;
/** The harness's end of the way there. It is named after the subnet, so that no two harnesses can have the same. */
export const linkName = ({ a, b }: Subnet): string => `tanist${a}-${b}`;

/** One that none of the machine's routes goes to, as `ip -4 route show table all` prints them. Null: there is none. */
export function drawSubnet(routes: string, below: (bound: number) => number = randomInt): Subnet | null {
  const taken = [...routes.matchAll(/\b(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?/g)].map(
    ([, w, x, y, z, bits]) => ({
      from: numberOf(Number(w), Number(x), Number(y), Number(z)),
      bits: bits === undefined ? 32 : Number(bits),
    }),
  );
  for (let attempt = 0; attempt < 1000; attempt++) {
    const subnet = { a: below(256), b: below(256) };
    const own = numberOf(10, subnet.a, subnet.b, 0);
    const isTaken = taken.some(({ from, bits }) => {
      const shared = 2 ** (32 - Math.min(bits, 24));
      return bits > 0 && Math.floor(from / shared) === Math.floor(own / shared);
    });
    if (!isTaken) return subnet;
  }
  return null;
}

function numberOf(w: number, x: number, y: number, z: number): number {
  return ((w * 256 + x) * 256 + y) * 256 + z;
}
