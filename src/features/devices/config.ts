import { limit, listOf, oneOf, section, text, whole } from '../../config/fields.ts'

export const limits = { devices: limit(60, 60) }

/** What a slot is for; a device that says another type, or none, is `other`. */
export const kinds = ['phone', 'pad', 'pc', 'web', 'tv', 'watch', 'other'] as const
export type DeviceKind = (typeof kinds)[number]

export const policies = ['replace-oldest', 'refuse', 'ask'] as const
export type Policy = (typeof policies)[number]

const most = (what: string) => whole(0, 0, 1_000, `${what} of a user at a time; 0: no limit of its own`)

const slots = section({
  all: most('Devices'),
  phone: most('Phones'),
  pad: most('Tablets'),
  pc: most('Desktop programs'),
  web: most('Browsers'),
  tv: most('Televisions'),
  watch: most('Watches'),
  other: most('Devices of any other type'),
})
const policy = oneOf(
  policies,
  'What a login does that finds no free slot: the oldest ends, it is refused, or it is asked what to give up',
)

export const devices = {
  slots,
  policy,
  groups: listOf(
    section({
      name: text('', 'As torii user set --devices names it', { pattern: '^[a-z][a-z0-9-]{0,31}$' }),
      slots,
      policy,
    }),
    'Slots of groups of users',
  ),
}
