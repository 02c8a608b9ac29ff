/** What a user may grant another one, by name. In rows it is a sum of bits; numbers never leave the server. */

/** By bit, lowest first: a new one goes to the end, since rows keep the bits. */
export const permissions = ['chat', 'viewInfo', 'viewPosts', 'viewLocation', 'add'] as const
export type Permission = (typeof permissions)[number]

const bitOf = (name: Permission): number => 2 ** permissions.indexOf(name)

export const bitsOf = (names: readonly Permission[]): number =>
  [...new Set(names)].reduce((sum, name) => sum + bitOf(name), 0)

/** Bits that no name has are left out. */
export const namesOf = (bits: number): Permission[] =>
  permissions.filter((_name, at) => Math.floor(bits / 2 ** at) % 2 === 1)

export const hasBit = (bits: number, name: Permission): boolean => namesOf(bits).includes(name)
