/** Users and roles. Names are unique, lists sorted; `password` is what `hashPassword` made, empty for a user without one. */
export interface AuthState {
  readonly users: ReadonlyMap<string, User>;
  readonly roles: ReadonlyMap<string, readonly Permission[]>;
}

export interface User {
  readonly password: string;
  readonly roles: readonly string[];
}

/** `key` and `rangeEnd` in base64, so that the whole is JSON. */
export interface Permission {
  readonly type: 'READ' | 'WRITE' | 'READWRITE';
  readonly key: string;
  readonly rangeEnd: string;
}

export const emptyAuthState: AuthState = { users: new Map(), roles: new Map() };

export function encodeAuthState({ users, roles }: AuthState): string {
  return JSON.stringify({ users: sorted(users), roles: sorted(roles) });
}

export function decodeAuthState(text: string): AuthState {
  const { users, roles } = JSON.parse(text) as {
    readonly users: readonly (readonly [string, User])[];
    readonly roles: readonly (readonly [string, readonly Permission[]])[];
  };
  return { users: new Map(users), roles: new Map(roles) };
}

function sorted<T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
