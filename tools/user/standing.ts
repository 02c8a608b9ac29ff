/** `torii user disable` and `torii user enable`: the whole account, or one capability. */
import type { Admin, Context } from '../console/context.ts'
import { explain } from '../console/explain.ts'
import { isoTime } from '../console/text.ts'
import { openKey } from './hashing.ts'
import { toTime } from './show.ts'

export type DisableOptions = { reason: string; until?: number; for?: number; capability?: string }
export type EnableOptions = { capability?: string }

/** Says who is not there. */
type Named = <T>(user: string, work: Promise<T>) => Promise<T>

/** The account is changed with or without a mail: this command needs the database alone. */
const openMail = async ({ config, db }: Admin, { tell }: Context) => {
  try {
    return (await openKey(config, db)).mailSealer
  } catch (error) {
    tell(`The user gets no mail of it: ${explain(error)}\n`)
    return undefined
  }
}

const wholeAccount = 'login'
const isWhole = (capability: string | undefined) => capability === undefined || capability === wholeAccount
const withinASecond = 'running servers notice it within a second.'

export const disable = (context: Context, user: string, options: DisableOptions, named: Named) =>
  context.withAdmin(async (admin) => {
    const { reason, capability } = options
    const until = options.until ?? (options.for === undefined ? null : Date.now() + options.for)
    const mail = await openMail(admin, context)
    const work = admin.disabling.disable(user, { reason, capability, until }, mail)
    const { userId, changed } = await named(user, work)
    const who = `User ${userId} (${user})`
    const time = until === null ? 'for good' : `until ${isoTime(until)}`
    const what = isWhole(capability)
      ? `${who} is disabled`
      : `${capability} is withheld from user ${userId} (${user})`
    const end = isWhole(capability) ? `Every login ends; ${withinASecond}` : ''
    const status = isWhole(capability) ? 'disabled' : 'active'
    context.print(
      {
        userId: String(userId),
        status,
        ...(!isWhole(capability) && { capability }),
        until: toTime(until),
        changed,
      },
      [
        changed
          ? `${what} now, ${time}, in ${admin.place}. ${end}`.trim()
          : `${what} already, ${time} and for this reason, in ${admin.place}.`,
      ],
    )
  })

export const enable = (context: Context, user: string, { capability }: EnableOptions, named: Named) =>
  context.withAdmin(async (admin) => {
    const mail = await openMail(admin, context)
    const { userId, changed } = await named(user, admin.disabling.enable(user, capability, mail))
    const who = `user ${userId} (${user})`
    const what = isWhole(capability)
      ? { done: `User ${userId} (${user}) is active now`, was: `User ${userId} (${user}) was active already` }
      : { done: `${capability} is given back to ${who}`, was: `${capability} was not withheld from ${who}` }
    context.print(
      {
        userId: String(userId),
        ...(isWhole(capability) ? { status: 'active' } : { capability }),
        changed,
      },
      [`${changed ? what.done : what.was}, in ${admin.place}.`],
    )
  })
