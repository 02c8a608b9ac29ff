/** Devices that a user is logged in on: slots for them, a list, and what the user does to them. */
import { type AdminWorld, feature, operation, type World } from '../feature.ts'
import { createManage, type ManageNeeds } from './manage.ts'
import { createDeviceSlots } from './slots.ts'
import { listShape, renameShape, revokeShape } from './wire.ts'

export const deviceSlots = feature({
  create: ({ config }: AdminWorld) => ({ api: createDeviceSlots(config.devices) }),
})

export type UserDevicesNeeds = Omit<ManageNeeds, 'db' | 'store'>

export const userDevices = feature({
  create: ({ db, store, config }: World, needs: UserDevicesNeeds) => {
    const { list, rename, revoke } = createManage({ ...needs, db, store })
    const freshRevoke = { ...revokeShape, maxAuthAgeSeconds: config.password.freshSeconds }
    return {
      api: {},
      operations: [
        operation(listShape)(async (_input, caller) => ({ code: 'OK', ...(await list(caller)) })),
        operation(renameShape)(async (input, caller) => ({ code: 'OK', ...(await rename(input, caller)) })),
        operation(freshRevoke)(async (input, caller) => ({ code: 'OK', ...(await revoke(input, caller)) })),
      ],
    }
  },
})
