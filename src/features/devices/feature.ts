/** Devices that a user is logged in on: slots for them, a list, and what the user does to them. */
import { type AdminWorld, feature } from '../feature.ts'
import { createDeviceSlots } from './slots.ts'

export const deviceSlots = feature({
  create: ({ config }: AdminWorld) => ({ api: createDeviceSlots(config.devices) }),
})
