/** For `shouldStop`: says true once `budgetMs` have passed on the given clock. */
export function timeBudget(budgetMs: number, nowMs: () => number): () => boolean {
  const endMs = nowMs() + budgetMs;
  return () => nowMs() >= endMs;
}
