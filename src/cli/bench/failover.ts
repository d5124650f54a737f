export async function benchFailover(..._o: unknown[]): Promise<void> {}
