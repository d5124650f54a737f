export async function runSimulator(..._o: unknown[]): Promise<void> {}
