import { catalogue, type ErrorName } from '../../src/protocol/errors.ts'

/** The number of every code by its name: `codes.LOGIN_FAILED`. */
export const codes = Object.fromEntries(
  Object.values(catalogue).map(({ name, code }) => [name, code]),
) as Readonly<Record<ErrorName, number>>
