/** Users: what others may see of a person, and how they find each other. */
import type { NameLogin } from '../accounts/api.ts'
import type { Addresses } from '../addresses/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordEvent } from '../events/api.ts'
import { type AdminWorld, feature, operation, type World } from '../feature.ts'
import type { Relations } from '../friends/api.ts'
import type { Holds } from '../holds/api.ts'
import type { Roles } from '../roles/api.ts'
import type { Standing } from '../standing/api.ts'
import type { CheckText } from '../words/api.ts'
import type { Users } from './api.ts'
import { createFind } from './find/find.ts'
import { createFindLimits } from './find/limits.ts'
import { personal } from './personal.ts'
import { createGet } from './profile/get.ts'
import { removeParamsOfApp } from './profile/repo.ts'
import { createSet } from './profile/set.ts'
import { createRename } from './rename.ts'
import { removeOldHeldNames } from './repo.ts'
import { createUsers } from './users.ts'
import { findShape, getShape, setShape } from './wire.ts'

/** The names of users: on the database alone. */
export const users = feature({
  create: (world: AdminWorld, needs: { holds: Holds }) => ({
    api: { ...createUsers(world, needs), removeParamsOfApp },
    personal,
    retention: [{ name: 'held names', keptMs: 0, remove: removeOldHeldNames }],
  }),
})

export type ProfilesNeeds = {
  users: Users
  nameLogin: NameLogin
  addresses: Pick<Addresses, 'findOf' | 'parse'>
  relations: Relations
  standing: Standing
  roles: Roles
  checkText: CheckText
  recordAudit: RecordAudit
  recordEvent: RecordEvent
}

export const profiles = feature({
  create: (world: World, needs: ProfilesNeeds) => {
    const { db, clock, store, cursors, config } = world
    const rules = config.users
    const { checkFind, checkProfile } = createFindLimits({ store, rules })
    const { get, getOwn } = createGet({ ...needs, db, clock, checkProfile, renameDays: rules.renameDays })
    const prepareRename = createRename({ ...needs, clock, rules })
    const set = createSet({ ...needs, db, clock, prepareRename, rules })
    const find = createFind({ ...needs, db, clock, cursors, checkFind })
    const freshSet = { ...setShape, maxAuthAgeSeconds: config.password.freshSeconds }
    return {
      api: {},
      operations: [
        operation(getShape)(async (input, caller) => ({ code: 'OK', user: await get(input, caller) })),
        operation(freshSet)(async (input, caller) => {
          await set(input, caller)
          return { code: 'OK', user: await getOwn(caller) }
        }),
        operation(findShape)(async (input, caller) => ({ code: 'OK', ...(await find(input, caller)) })),
      ],
    }
  },
})
