/**
 * Who of `members` a name belongs to: highest random weight (Thaler & Ravishankar 1998). All who see the same members agree, and a member that comes or
 * goes moves only what becomes its own or was. Null: there are none.
 */
export function ownerOf(name: string, members: Iterable<string>): string | null {
  let owner: string | null = null;
  let most = -1;
  for (const member of members) {
    const weight = mixed(member, name);
    // Equal weights: the lesser name, whatever the order of the members.
    if (weight > most || (weight === most && owner !== null && member < owner)) {
      most = weight;
      owner = member;
    }
  }
  return owner;
}

/** FNV-1a over both, then an avalanche (MurmurHash3's finaliser). */
function mixed(member: string, name: string): number {
  let hash = 2166136261;
  for (const text of [member, '\0', name])
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
