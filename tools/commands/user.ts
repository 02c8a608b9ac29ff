/** `torii user`: one person's account. */
import type { Command } from 'commander'
import { Failure } from '../../src/protocol/errors.ts'
import { type Admin, type Context, describe } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { alignFields, alignRows, isoTime } from '../console/text.ts'
import { readLine, readMost, readUserNumber } from '../console/values.ts'

type Shown = Awaited<ReturnType<Admin['accounts']['show']>>

const toTime = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

const toData = ({
  userId,
  userName,
  nickName,
  status,
  statusReason,
  createdAt,
  failures,
  logins,
}: Shown) => ({
  // As on the wire: a number that programs must not calculate with.
  userId: String(userId),
  userName,
  nickName,
  status,
  reason: statusReason,
  createdAt: toTime(createdAt),
  failures: {
    inARow: failures.inARow,
    isStreak: failures.isStreak,
    places: failures.places.map(({ place, lastFailedAt, waitsUntil }) => ({
      place,
      lastFailedAt: toTime(lastFailedAt),
      waitsUntil: toTime(waitsUntil),
    })),
  },
  logins: logins.map((login) => {
    const { appId, deviceType, deviceName, keyPrint, authenticatedAt, expiresAt, endedAt, endReason } = login
    return {
      appid: appId,
      deviceType,
      deviceName,
      keyPrint,
      loggedInAt: toTime(authenticatedAt),
      expiresAt: toTime(expiresAt),
      endedAt: toTime(endedAt),
      endReason,
    }
  }),
})

/** Failed logins in one line: how many, and what waits because of them. */
const describeFailures = ({ inARow, isStreak, places }: Shown['failures']): string => {
  if (inARow === 0 && places.length === 0) return 'none'
  const waiting = places.filter(({ waitsUntil }) => waitsUntil !== null)
  const last = waiting.map(({ place, waitsUntil }) => `${place} until ${isoTime(waitsUntil ?? 0)}`)
  const streak = isStreak ? ' (a streak: each network waits after each failure)' : ''
  const waits = last.length === 0 ? 'nothing waits' : `waiting: ${last.join(', ')}`
  return `${inARow} in a row${streak}; ${waits}`
}

const toLines = ({
  userId,
  userName,
  nickName,
  status,
  statusReason,
  createdAt,
  failures,
  logins,
}: Shown): string[] => {
  const rows = logins.map(
    ({ appId, deviceType, deviceName, keyPrint, authenticatedAt, expiresAt, endedAt, endReason }) => [
      isoTime(authenticatedAt),
      endedAt === null ? isoTime(expiresAt) : `${isoTime(endedAt)} ${endReason}`,
      appId,
      [deviceType, deviceName].filter(Boolean).join(' ') || '-',
      keyPrint ?? '-',
    ],
  )
  return [
    ...alignFields({
      number: String(userId),
      name: userName,
      nickname: nickName,
      status: [status, ...(statusReason ? [statusReason] : [])].join(': '),
      registered: isoTime(createdAt),
      failures: describeFailures(failures),
    }),
    '',
    ...(rows.length > 0
      ? alignRows([['logged in', 'ends, or ended', 'appid', 'device', 'key'], ...rows])
      : ['no login yet']),
  ]
}

/** Says who is not there: a name typed wrong is the usual reason. */
const named = async <T>(user: string, work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof Failure) || error.entry.name !== 'USER_UNKNOWN') throw error
    const how = /^\d+$/.test(user) ? 'number' : 'name'
    throw new Refusal(`no user has the ${how} ${user}`)
  }
}

const show = ({ withAdmin, print }: Context, user: string) =>
  withAdmin(async ({ accounts }) => {
    const found = await named(user, accounts.show(user))
    print(toData(found), toLines(found))
  })

const list = ({ withAdmin, print }: Context, { after, most }: { after: number; most: number }) =>
  withAdmin(async ({ accounts, place }) => {
    const found = await accounts.list(after, most)
    const head = ['number', 'name', 'nickname', 'status', 'registered']
    const rows = found.map(({ userId, userName, nickName, status, createdAt }) => [
      String(userId),
      userName,
      nickName,
      status,
      isoTime(createdAt),
    ])
    const last = found.at(-1)
    const next = last && found.length === most ? [`More: torii user list --after ${last.userId}`] : []
    print(
      found.map(({ userId, userName, nickName, status, createdAt }) => ({
        userId: String(userId),
        userName,
        nickName,
        status,
        createdAt: toTime(createdAt),
      })),
      rows.length > 0 ? [...alignRows([head, ...rows]), ...next] : [`${place} has no user after ${after}`],
    )
  })

const setStatus = (
  { withAdmin, print }: Context,
  user: string,
  status: 'active' | 'disabled',
  reason: string,
) =>
  withAdmin(async ({ accounts, place }) => {
    const work = status === 'disabled' ? accounts.disable(user, reason) : accounts.enable(user)
    const { userId, changed } = await named(user, work)
    const end = status === 'disabled' ? 'Every login ends; running servers notice it within a second.' : ''
    print({ userId: String(userId), status, changed }, [
      changed
        ? `User ${userId} (${user}) is ${status} now, in ${place}. ${end}`.trim()
        : `User ${userId} (${user}) was ${status} already, in ${place}.`,
    ])
  })

const unlock = ({ withAdmin, print }: Context, user: string) =>
  withAdmin(async ({ accounts, place }) => {
    const { userId, changed } = await named(user, accounts.unlock(user))
    print({ userId: String(userId), changed }, [
      changed
        ? `The failed logins of user ${userId} (${user}) are forgotten, in ${place}.`
        : `User ${userId} (${user}) has no failed logins, in ${place}.`,
    ])
  })

export const register = (program: Command, context: Context) => {
  const user = describe(program.command('user'), "A person's account", 'torii user show alice')
  const who = ['<user>', 'user name or user number'] as const

  describe(user.command('list'), 'Lists accounts by number', 'torii user list --after 10500 --most 200')
    .option('--after <number>', 'the user number before the first', readUserNumber, 0)
    .option('--most <count>', 'how many at most, up to 1000', readMost, 50)
    .action((options: { after: number; most: number }) => list(context, options))
  describe(
    user.command('show'),
    'Shows an account and its newest logins',
    'torii user show alice',
    'torii user show 10001',
  )
    .argument(...who)
    .action((name: string) => show(context, name))
  describe(
    user.command('disable'),
    'Ends every login of a user and allows no new one',
    'torii user disable alice --reason "asked by phone, ticket 4711"',
  )
    .argument(...who)
    .requiredOption('--reason <text>', 'one line, for the record', readLine(200))
    .action((name: string, { reason }: { reason: string }) => setStatus(context, name, 'disabled', reason))
  describe(user.command('enable'), 'Lets a disabled user log in again', 'torii user enable alice')
    .argument(...who)
    .action((name: string) => setStatus(context, name, 'active', ''))
  describe(
    user.command('unlock'),
    'Forgets the failed logins of a user, so that no network waits any more',
    'torii user unlock alice',
  )
    .argument(...who)
    .action((name: string) => unlock(context, name))
}
