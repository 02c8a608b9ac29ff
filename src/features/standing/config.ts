import { limit, table, whole } from '../../config/fields.ts'

export const standing = {
  mostPerAdministrator: whole(
    100,
    1,
    100_000,
    'Users that one administrator may disable or enable by a ticket in 24 hours: what a stolen ticket can do',
  ),
  mostPerDay: whole(
    1_000,
    1,
    1_000_000,
    'The same of all administrators together; the command line is not counted',
  ),
}

export const limits = { userStanding: limit(60, 60) }

export const tables = { withheldCapabilities: table('withheld_capabilities') }
