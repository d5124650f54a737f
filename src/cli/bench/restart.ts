export async function benchRestart(..._o: unknown[]): Promise<void> {}
