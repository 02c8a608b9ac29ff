import type { Config } from '../../config/index.ts'
import type { LiveLogin } from '../tickets/api.ts'
import type { Policy } from './config.ts'

export type DeviceSlotsConfig = Config['devices']
export type SlotRule = { slots: Readonly<Partial<DeviceSlotsConfig['slots']>>; policy: Policy }

export type DeviceSlots = {
  /** The rule of an account, by what its row says; undefined: no limit. */
  find(text: string | null): SlotRule | undefined
  /** Whether an account may have this: the name of a group, or slots of its own. */
  isKnown(text: string): boolean
  groups: readonly string[]
  /**
   * The logins that end so that a new one fits. `live`: the user's other logins, oldest first; `giveUp`: ids that the
   * caller gives up. Throws NO_DEVICE_SLOT.
   */
  choose(
    rule: SlotRule,
    coming: { live: readonly LiveLogin[]; deviceType: string; giveUp: readonly string[] },
  ): readonly LiveLogin[]
}
