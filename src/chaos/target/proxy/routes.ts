/** Environment of a member: JSON, the proxy's port for each `host:port` of another member. */
export const routesVariable = 'TANIST_CHAOS_ROUTES';
