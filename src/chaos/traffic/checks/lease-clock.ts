/** How far cluster time may be from the harness's own: it follows the leaders' clocks, in whole ms, and runs ahead a little at a change of leader. */
export const leaseClock = { drift: 0.01, earlyMs: 30 } as const;
