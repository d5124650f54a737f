export async function runSoak(_options: unknown): Promise<void> {}
