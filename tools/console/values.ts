/** What administrators type, read strictly: a mistake is wrong usage, never a guess. */
import { readFileSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import { parseNetwork } from '../../src/adapters/network.ts'
import { isRoute } from '../../src/features/businesses/routes.ts'
import {
  type AppFriends,
  type AppRight,
  appRights,
  friendModes,
  type TicketFormat,
  ticketFormats,
} from '../../src/http/caller.ts'
import { isOrigin } from '../../src/protocol/origins.ts'
import { type Permission, permissions } from '../../src/protocol/permissions.ts'
import { type ProfileField, readProfileSchema } from '../../src/protocol/profile-schema.ts'
import { isRedirect } from '../../src/protocol/redirects.ts'

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const longestMs = 100 * 365 * unitMs.d
const moment = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/

const refuse = (expected: string): never => {
  throw new InvalidArgumentError(`Expected ${expected}.`)
}

/** `10m`, `2h`, `7d` in milliseconds. */
export const readDuration = (text: string): number => {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const ms = count && unit ? Number(count) * unitMs[unit as keyof typeof unitMs] : 0
  return ms > 0 && ms <= longestMs ? ms : refuse('a time such as 10m, 2h or 7d (s, m, h, d)')
}

/** A date, or date and time, in milliseconds. Without a zone it is UTC. */
export const readMoment = (text: string): number => {
  const hasZone = /(Z|[+-]\d{2}:\d{2})$/.test(text) || !text.includes('T')
  const ms = moment.test(text) ? Date.parse(hasZone ? text : `${text}Z`) : Number.NaN
  // The 31st of a shorter month is taken for the 1st of the next.
  const isReal =
    !Number.isNaN(ms) && new Date(Date.parse(text.slice(0, 10))).toISOString().startsWith(text.slice(0, 10))
  if (!isReal) refuse('a moment such as 2030-01-31T08:00Z')
  if (ms <= Date.now()) refuse('a moment to come; this one is over')
  return ms - Date.now() > longestMs ? refuse('a moment in this century') : ms
}

// A slip of the finger must not lock out the world.
const leastBits = { ipv4: 8, ipv6: 16 } as const

/** An address or range as canonical CIDR. */
export const readNetwork = (text: string): string => {
  const network =
    parseNetwork(text) ?? refuse('an address such as 192.0.2.1, or a range such as 2001:db8::/48')
  const least = network.includes(':') ? leastBits.ipv6 : leastBits.ipv4
  return Number(network.split('/')[1]) >= least ? network : refuse(`a range of /${least} or smaller`)
}

/** False: what was typed with bits names an address inside the network. */
export const isNetworkItself = (typed: string, network: string): boolean => {
  const [address = '', bits] = typed.split('/')
  const whole = address.includes(':') ? 128 : 32
  return bits === undefined || parseNetwork(`${address}/${whole}`)?.split('/')[0] === network.split('/')[0]
}

/** What can be withheld from a user. */
export const readCapability = (text: string): string =>
  /^[a-z][a-z0-9.-]{0,63}$/.test(text) ? text : refuse('a name such as search, or shop.post')

/** A role that users can be granted. */
export const readRole = (text: string): string =>
  /^[a-z][a-z0-9-]{0,31}$/.test(text) && text !== 'user'
    ? text
    : refuse('a name such as support; every user has the role user')

/** `https://app.example.com`, as browsers send it. */
export const readOrigin = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isWeb = url && [url.origin, `${url.origin}/`].includes(url.href)
  const origin = isWeb ? url.origin : text
  return isOrigin(origin)
    ? origin
    : refuse('an origin such as https://app.example.com or capacitor://localhost, without a path or wildcard')
}

/** Compared character by character, so it is typed as a browser writes it. */
export const readRedirect = (text: string): string =>
  isRedirect(text)
    ? text
    : refuse(
        'https://app.example.com/back, http://localhost/… or com.example.app:/back, as a browser writes it and without a #',
      )

/** One line of text. */
export const readLine =
  (maxLength: number) =>
  (text: string): string => {
    const line = text.trim()
    const isGood = line !== '' && Array.from(line).length <= maxLength && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(line)
    return isGood ? line : refuse(`one line of 1 to ${maxLength} characters`)
  }

export const readAppId = (text: string): string =>
  /^[A-Za-z0-9]{1,64}$/.test(text) ? text : refuse('an app id; "torii app list" shows them')

/** App ids with commas between them. */
export const readAppIds = (text: string): string[] => [
  ...new Set(text.split(',').map((id) => readAppId(id.trim()))),
]

/** App ids with commas between them, or `none`. */
export const readJumps = (text: string): string[] => (text === 'none' ? [] : readAppIds(text))

export const readBusiness = (text: string): string =>
  /^[a-z][a-z0-9-]{0,63}$/.test(text) ? text : refuse('a name of lower-case letters, digits and hyphens')

/** Paths with commas between them. */
export const readRoutes = (text: string): string[] => {
  if (text === 'any') return []
  const routes = [...new Set(text.split(',').map((route) => route.trim()))]
  return routes.every(isRoute) ? routes : refuse('paths such as /pay,/refund, or any')
}

/** The weakest envelope that an app's calls may have. */
export const readMinStrength = (text: string): number =>
  /^[012]$/.test(text)
    ? Number(text)
    : refuse('0 (plain calls too), 1 (t/j and stronger) or 2 (sealed calls alone)')

/** `words`, or `none`. */
export const readRights = (text: string): AppRight[] => {
  if (text === 'none') return []
  const names = text.split(/[ ,]+/)
  return names.every((name): name is AppRight => (appRights as readonly string[]).includes(name))
    ? [...new Set(names)]
    : refuse(`${appRights.join(', ')} or none`)
}

const mostScopes = 20

/** Scopes with commas between them, or `none`. `openid` need not be named. */
export const readScopes = (text: string): string[] => {
  if (text === 'none') return []
  const names = [...new Set(text.split(/[ ,]+/))].filter((name) => name !== 'openid')
  const isGood = names.length <= mostScopes && names.every((name) => /^[a-z][a-z0-9._:-]{0,39}$/.test(name))
  return isGood ? names : refuse(`at most ${mostScopes} names such as profile or orders.read, or none`)
}

export const readFriends = (text: string): AppFriends =>
  friendModes.find((mode) => mode === text) ?? refuse(friendModes.join(', '))

/** Permissions with commas between them, or `none`. */
export const readPermissions = (text: string): Permission[] => {
  if (text === 'none') return []
  const names = text.split(/[ ,]+/)
  return names.every((name): name is Permission => (permissions as readonly string[]).includes(name))
    ? permissions.filter((name) => names.includes(name))
    : refuse(`${permissions.join(', ')} or none`)
}

export const readTicketFormat = (text: string): TicketFormat =>
  ticketFormats.find((format) => format === text) ?? refuse(ticketFormats.join(' or '))

/** How many rows a list has at most. */
export const readMost = (text: string): number => {
  const most = /^\d{1,4}$/.test(text) ? Number(text) : 0
  return most >= 1 && most <= 1_000 ? most : refuse('a number from 1 to 1000')
}

export const readCount = (text: string): number =>
  /^[1-9]\d{0,3}$/.test(text) ? Number(text) : refuse('a number from 1 to 9999')

export const readUserNumber = (text: string): number =>
  /^\d{1,15}$/.test(text) ? Number(text) : refuse('a user number')

/** The file of a profile schema. */
export const readProfileFile = (path: string): ProfileField[] => {
  try {
    return readProfileSchema(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new InvalidArgumentError(`${path}: ${error instanceof Error ? error.message : error}`)
  }
}
