/** E-mail addresses and phone numbers: their canonical form, and the accounts that have verified them. */
import { type AdminWorld, feature } from '../feature.ts'
import { createAddresses } from './addresses.ts'

export const addresses = feature({
  create: ({ clock, config, toAsciiDomain, loadPhones, refusedDomains }: AdminWorld) => ({
    api: createAddresses({
      clock,
      defaultRegion: config.addresses.defaultRegion,
      toAsciiDomain,
      loadPhones,
      refusedDomains,
    }),
  }),
})
