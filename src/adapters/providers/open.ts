/** The login providers that are on: each row of the configuration with the driver that speaks its protocol. */
import type { ProviderRow } from '../../config/index.ts'
import type { Clock } from '../clock.ts'
import type { OutgoingFetch } from '../fetch.ts'
import { createMakeClientSecret } from './client-secret.ts'
import type { ProviderDriver, Providers } from './driver.ts'
import { createOidcDriver } from './oidc.ts'
import { createPlainDriver } from './plain.ts'

export type ProviderNeeds = {
  rows: Readonly<Record<string, ProviderRow>>
  fetch: OutgoingFetch
  clock: Pick<Clock, 'now' | 'elapsed'>
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
  return new Map(
    Object.entries(rows)
      .filter(([, { clientId }]) => clientId !== '')
      .map(([name, row]) => [
        name,
        {
          provider: {
            ...row,
            name,
            title: row.title || name,
            titleChinese: row.titleChinese || row.title || name,
          },
          driver: drivers[row.kind](name, row),
        },
      ]),
  )
}
