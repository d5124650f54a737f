declare const brand: unique symbol;

/** A value of type `T` that cannot be mixed up with another `T`. The mark exists only for the compiler. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
