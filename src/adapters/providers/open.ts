/** The login providers that are on: each row of the configuration with the driver that speaks its protocol. */
import type { ProviderRow } from '../../config/index.ts'
import type { Clock } from '../clock.ts'
import type { OutgoingFetch } from '../fetch.ts'
import { createMakeClientSecret } from './client-secret.ts'
import type { OpenProvider, ProviderDriver, Providers } from './driver.ts'
import { createOidcDriver, loadClient } from './oidc.ts'
import { createPlainDriver } from './plain.ts'
import { watchDriver } from './watch.ts'

export type ProviderNeeds = {
  rows: Readonly<Record<string, ProviderRow>>
  fetch: OutgoingFetch
  clock: Pick<Clock, 'now' | 'elapsed'>
}

/** The same driver, whose users are those of another row. */
const lendUsers = (driver: ProviderDriver, usersOf: string): ProviderDriver => {
  if (usersOf === '') return driver
  const { finish, finishIdToken } = driver
  return {
    ...driver,
    finish: async (asked) => ({ ...(await finish(asked)), usersOf }),
    ...(finishIdToken && {
      finishIdToken: async (asked: Parameters<typeof finishIdToken>[0]) => ({
        ...(await finishIdToken(asked)),
        usersOf,
      }),
    }),
  }
}

/** What is wrong with a secret that is a key, which no start has tried; empty: nothing. */
const findSecretProblem = (name: string, make: () => string): string => {
  try {
    make()
    return ''
  } catch (error) {
    return `providers.${name}.clientSecret: ${(error as Error).message}`
  }
}

/** A row without a client id is off. */
export const openProviders = ({ rows, fetch, clock }: ProviderNeeds): Providers => {
  const makeClientSecret = createMakeClientSecret(clock)
  const drivers: Record<ProviderRow['kind'], (name: string, row: ProviderRow) => ProviderDriver> = {
    oidc: (name, row) =>
      createOidcDriver({
        provider: { ...row, name, kind: 'oidc' },
        makeClientSecret: () => makeClientSecret(row),
        fetch,
        clock,
      }),
    oauth2: (name, row) =>
      createPlainDriver({ name, row, fetch, makeClientSecret: () => makeClientSecret(row) }),
  }
  const open = (name: string, row: ProviderRow): OpenProvider => {
    const title = row.title || name
    const secretProblem = findSecretProblem(name, () => makeClientSecret(row))
    const { driver, problem } = watchDriver(lendUsers(drivers[row.kind](name, row), row.usersOf), clock)
    return {
      provider: { ...row, name, title, titleChinese: row.titleChinese || title },
      driver,
      load: row.kind === 'oidc' ? loadClient : async () => {},
      problem: () => secretProblem || problem(),
    }
  }
  const on = Object.entries(rows).filter(([, { clientId }]) => clientId !== '')
  return new Map(on.map(([name, row]) => [name, open(name, row)]))
}
