/** Device slots: how many devices a user may be logged in on, and which login gives way to a new one. */
import { Failure } from '../../protocol/errors.ts'
import type { LiveLogin } from '../tickets/api.ts'
import type { DeviceSlots, DeviceSlotsConfig, SlotRule } from './api.ts'
import { type DeviceKind, kinds, policies } from './config.ts'
import { describeLogin } from './describe.ts'

const otherNames: Readonly<Record<string, DeviceKind>> = {
  mobile: 'phone',
  tablet: 'pad',
  desktop: 'pc',
  browser: 'web',
}

/** The slot of a device, by what it says it is. */
export const kindOf = (deviceType: string): DeviceKind => {
  const type = deviceType.trim().toLowerCase()
  return kinds.find((kind) => kind === type) ?? otherNames[type] ?? 'other'
}

const names = ['all', ...kinds] as const
type SlotName = (typeof names)[number]
const isSlotName = (text: string): text is SlotName => (names as readonly string[]).includes(text)

const bounds = (rule: SlotRule): SlotRule | undefined =>
  names.some((name) => (rule.slots[name] ?? 0) > 0) ? rule : undefined

/** `all=3,phone=1,policy=ask`; undefined for any other text. */
const readOwn = (text: string, policy: SlotRule['policy']): SlotRule | undefined => {
  const rule: { slots: Partial<Record<SlotName, number>>; policy: SlotRule['policy'] } = { slots: {}, policy }
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.trim().split('=')
    const chosen = policies.find((it) => it === value)
    if (name === 'policy' && chosen) rule.policy = chosen
    else if (isSlotName(name) && /^(0|[1-9]\d{0,2}|1000)$/.test(value)) rule.slots[name] = Number(value)
    else return undefined
  }
  return rule
}

/** How many of these must end so that one more fits. */
const countOver = (most: number | undefined, live: readonly LiveLogin[]) =>
  most ? Math.max(0, live.length + 1 - most) : 0

/** The slots that a new login of this kind needs: of its kind first, then of all. */
const needsOf = (kind: DeviceKind, { slots }: SlotRule) => [
  { most: slots[kind], isOne: (login: LiveLogin) => kindOf(login.deviceType) === kind },
  { most: slots.all, isOne: () => true },
]

/** The logins that give way to one of this kind, oldest first. `live` is in that order. */
export const chooseOldest = (
  rule: SlotRule,
  kind: DeviceKind,
  live: readonly LiveLogin[],
): readonly LiveLogin[] => {
  const chosen = new Set<LiveLogin>()
  for (const { most, isOne } of needsOf(kind, rule)) {
    const left = live.filter((login) => !chosen.has(login))
    const bound = left.filter(isOne)
    for (const login of bound.slice(0, countOver(most, bound))) chosen.add(login)
  }
  return live.filter((login) => chosen.has(login))
}

const noSlot = (rule: SlotRule, kind: DeviceKind, live: readonly LiveLogin[]) => {
  const full = needsOf(kind, rule).find(({ most, isOne }) => countOver(most, live.filter(isOne)) > 0)
  const devices = live.filter(full?.isOne ?? (() => true)).map(describeLogin)
  return new Failure('NO_DEVICE_SLOT', { members: { policy: rule.policy, devices } })
}

export const createDeviceSlots = ({ slots, policy, groups }: DeviceSlotsConfig): DeviceSlots => {
  const byName = new Map(groups.map((group) => [group.name, bounds(group)]))
  const standard = bounds({ slots, policy })

  const find = (text: string | null): SlotRule | undefined => {
    if (text === null) return standard
    if (byName.has(text)) return byName.get(text)
    const own = readOwn(text, policy)
    // A group that is no longer in the configuration leaves its users what all users have.
    return own ? bounds(own) : standard
  }

  return {
    find,
    isKnown: (text) => byName.has(text) || readOwn(text, policy) !== undefined,
    groups: [...byName.keys()],
    choose: (rule, { live, deviceType, giveUp }) => {
      const kind = kindOf(deviceType)
      const oldest = chooseOldest(rule, kind, live)
      if (oldest.length === 0 || rule.policy === 'replace-oldest') return oldest
      if (rule.policy === 'refuse') throw noSlot(rule, kind, live)
      const given = live.filter(({ loginId }) => giveUp.includes(loginId.toString('hex')))
      const kept = live.filter((login) => !given.includes(login))
      if (chooseOldest(rule, kind, kept).length > 0) throw noSlot(rule, kind, live)
      return given
    },
  }
}
