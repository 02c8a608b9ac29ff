/** `torii role`: which users may do what to others. */
import type { Command } from 'commander'
import { type Admin, type Context, describe } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { alignRows, isoTime } from '../console/text.ts'
import { readLine, readMost, readRole, readUserNumber } from '../console/values.ts'
import { named } from '../user/named.ts'
import { toTime } from '../user/show.ts'

type AppOption = { app?: string }
type ListOptions = { role?: string; after: number; most?: number }

const usuallyListed = 50

const checkApp = async ({ apps }: Admin, appId: string | undefined) => {
  if (appId === undefined || (await apps.list()).some((app) => app.appId === appId)) return
  throw new Refusal(`no app has the id ${appId}; "torii app list" shows them`)
}

const where = (appId: string) => (appId === '' ? 'everywhere' : `in the app ${appId}`)

const describeRights = ({ roles }: Admin, role: string) => {
  const rights = roles.rightsOf(role)
  return rights.length > 0
    ? `${role} may ${rights.join(', ')} (roles in the configuration).`
    : `The server gives ${role} no right; backends that ask are shown it (wants: roles).`
}

const grant = ({ withAdmin, print }: Context, user: string, role: string, { app }: AppOption) =>
  withAdmin(async (admin) => {
    await checkApp(admin, app)
    const { userId } = await named(user, admin.accounts.find(user))
    const appId = app ?? ''
    const changed = await named(user, admin.roles.grant(userId, { role, appId }))
    const what = `${role} ${where(appId)}`
    print({ userId: String(userId), role, appid: app ?? null, changed }, [
      changed
        ? `User ${userId} (${user}) is ${what} now, in ${admin.place}. ${describeRights(admin, role)}`
        : `User ${userId} (${user}) was ${what} already, in ${admin.place}.`,
    ])
  })

const revoke = ({ withAdmin, print }: Context, user: string, role: string, { app }: AppOption) =>
  withAdmin(async (admin) => {
    const { userId } = await named(user, admin.accounts.find(user))
    const appId = app ?? ''
    const changed = await admin.roles.revoke(userId, { role, appId })
    const what = `${role} ${where(appId)}`
    print({ userId: String(userId), role, appid: app ?? null, changed }, [
      changed
        ? `User ${userId} (${user}) is no longer ${what}, in ${admin.place}. It counts at once.`
        : `User ${userId} (${user}) was not ${what}, in ${admin.place}; "torii user show" lists the roles.`,
    ])
  })

const list = ({ withAdmin, print }: Context, { role, after, most = usuallyListed }: ListOptions) =>
  withAdmin(async ({ roles, place }) => {
    const names = role === undefined ? await roles.granted() : [role]
    const pages = []
    for (const name of names) pages.push(await roles.holders(name, { after, most }))
    const found = pages.flat()
    const rows = found.map((row) => [
      row.role,
      String(row.userId),
      row.appId || 'everywhere',
      roles.rightsOf(row.role).join(', ') || '-',
      isoTime(row.grantedAt),
    ])
    print(
      found.map(({ userId, appId, grantedAt, ...row }) => ({
        role: row.role,
        userId: String(userId),
        appid: appId || null,
        rights: roles.rightsOf(row.role),
        grantedAt: toTime(grantedAt),
      })),
      found.length > 0
        ? [
            ...alignRows([['role', 'user', 'where', 'may', 'since'], ...rows]),
            ...pages.flatMap((page, at) =>
              page.length < most
                ? []
                : [`More: torii role list --role ${names[at]} --after ${page.at(-1)?.userId}`],
            ),
          ]
        : [`${place} has no user with a role`],
    )
  })

export const register = (program: Command, context: Context) => {
  const role = describe(program.command('role'), 'Which users may do what to others', 'torii role list')
  const who = ['<user>', 'user name, user number, e-mail address or phone'] as const
  const what = ['<role>', 'support, admin, another of the table roles, or a name of an app'] as const
  const app = ['--app <id>', 'only by tickets of this app', readLine(64)] as const

  describe(
    role.command('grant'),
    'Grants a user a role, everywhere or in one app',
    'torii role grant alice support',
    'torii role grant alice moderator --app 0123456789abcdef',
  )
    .argument(...who)
    .argument(...what, readRole)
    .option(...app)
    .action((user: string, name: string, options: AppOption) => grant(context, user, name, options))
  describe(
    role.command('revoke'),
    'Takes a role back; it counts at once, in every process',
    'torii role revoke alice support',
  )
    .argument(...who)
    .argument(...what, readRole)
    .option(...app)
    .action((user: string, name: string, options: AppOption) => revoke(context, user, name, options))
  describe(
    role.command('list'),
    'Lists users with roles',
    'torii role list',
    'torii role list --role support',
  )
    .option('--role <name>', 'only this one', readRole)
    .option('--after <number>', 'the user number before the first', readUserNumber, 0)
    .option('--most <count>', `how many of each role, up to 1000; ${usuallyListed} without it`, readMost)
    .action((options: ListOptions) => list(context, options))
}
