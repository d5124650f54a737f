export async function runDemo(..._o: unknown[]): Promise<void> {}
