export async function benchThroughput(..._o: unknown[]): Promise<void> {}
