/** `torii user`: one person's account. */
import type { Command } from 'commander'
import { Failure } from '../../src/protocol/errors.ts'
import { type Context, describe } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { readCount, readLine, readMost, readUserNumber } from '../console/values.ts'
import { type AddOptions, add } from '../user/add.ts'
import { type ListOptions, list } from '../user/list.ts'
import { type LogoutOptions, listLogins, logout, readLogin, type SetOptions, set } from '../user/logins.ts'
import { type SetPasswordOptions, setPassword } from '../user/set-password.ts'
import { toData, toLines } from '../user/show.ts'

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

const remove = ({ withAdmin, print, confirm }: Context, user: string, { yes = false }: { yes?: boolean }) =>
  withAdmin(async ({ accounts, place }) => {
    const { userId, userName } = await named(user, accounts.show(user))
    await confirm(`Remove user ${userId} (${userName}) for good, in ${place}?`, yes)
    await named(user, accounts.remove(String(userId)))
    print({ userId: String(userId), removed: true }, [
      `User ${userId} (${userName}) is removed, in ${place}: names, password and addresses are gone, and every login ends.`,
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
  const who = ['<user>', 'user name, user number, e-mail address or phone'] as const

  describe(
    user.command('list'),
    'Lists accounts by number',
    'torii user list --after 10500 --most 200',
    'torii user list --search amber',
    'torii user list --search amber@example.com',
    'torii user list --csv > users.csv',
  )
    .option('--after <number>', 'the user number before the first', readUserNumber, 0)
    .option('--most <count>', 'how many at most, up to 1000; 50, and all with --csv', readMost)
    .option(
      '--search <text>',
      'a part of the user name or nickname, in any case; or a whole e-mail address or phone',
      readLine(254),
    )
    .option('--csv', 'as a table for spreadsheets')
    .action((options: ListOptions) => list(context, options))
  describe(
    user.command('add'),
    'Adds a user, or many for a test, and shows their password once',
    'torii user add alice',
    'torii user add tester --count 1000',
  )
    .argument('<name>', 'the user name; with --count what the names begin with', readLine(100))
    .option('--count <number>', 'so many, numbered from 1; up to 9999', readCount)
    .action((name: string, options: AddOptions) => add(context, name, options))
  describe(
    user.command('show'),
    'Shows an account and its newest logins',
    'torii user show alice',
    'torii user show 10001',
  )
    .argument(...who)
    .action((name: string) => show(context, name))
  describe(user.command('logins'), 'Lists where a user is logged in', 'torii user logins alice')
    .argument(...who)
    .action((name: string) => listLogins(context, name, named))
  describe(
    user.command('logout'),
    'Ends every login of a user, or one; the user may log in again',
    'torii user logout alice',
    'torii user logout alice --login 0123456789abcdef0123456789abcdef',
  )
    .argument(...who)
    .option('--login <id>', 'only this one, as "torii user logins" shows it', readLogin)
    .action((name: string, options: LogoutOptions) => logout(context, name, options, named))
  describe(
    user.command('set'),
    'Sets on how many devices a user may be logged in',
    'torii user set alice --devices all=3,phone=1,policy=ask',
    'torii user set alice --devices family',
    'torii user set alice --devices default',
  )
    .argument(...who)
    .requiredOption('--devices <slots>', 'slots, the name of a group, or default', readLine(200))
    .action((name: string, options: SetOptions) => set(context, name, options, named))
  describe(
    user.command('set-password'),
    'Sets a one-time password: the user must change it at the next login',
    'torii user set-password alice',
    'torii user set-password alice --stdin < password.txt',
  )
    .argument(...who)
    .option('--stdin', 'read it from standard input instead of making one')
    .action((name: string, options: SetPasswordOptions) => setPassword(context, name, options, named))
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
    user.command('remove'),
    'Removes a user for good: names, password, addresses, logins',
    'torii user remove alice',
  )
    .argument(...who)
    .option('--yes', 'do not ask')
    .action((name: string, options: { yes?: boolean }) => remove(context, name, options))
  describe(
    user.command('unlock'),
    'Forgets the failed logins of a user, so that no network waits any more',
    'torii user unlock alice',
  )
    .argument(...who)
    .action((name: string) => unlock(context, name))
}
