export async function benchSoak(..._o: unknown[]): Promise<void> {}
