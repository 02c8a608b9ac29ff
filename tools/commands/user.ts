/** `torii user`: one person's account. */
import { type Command, Option } from 'commander'
import { type Context, describe } from '../console/context.ts'
import {
  readCapability,
  readCount,
  readDuration,
  readLine,
  readMoment,
  readMost,
  readUserNumber,
} from '../console/values.ts'
import { type AddOptions, add } from '../user/add.ts'
import { type ListOptions, list } from '../user/list.ts'
import { type LogoutOptions, listLogins, logout, readLogin, type SetOptions, set } from '../user/logins.ts'
import { named } from '../user/named.ts'
import { type SetPasswordOptions, setPassword } from '../user/set-password.ts'
import { toData, toLines } from '../user/show.ts'
import { type DisableOptions, disable, type EnableOptions, enable } from '../user/standing.ts'

const show = ({ withAdmin, print }: Context, user: string) =>
  withAdmin(async ({ accounts, standing, roles, db }) => {
    const account = await named(user, accounts.show(user))
    const { userId } = account
    const found = {
      ...account,
      withheld: (await standing.find(db.write, [userId])).get(userId) ?? [],
      roles: await roles.findOf(db.write, userId),
    }
    print(toData(found), toLines(found))
  })

/** `problem`: why the server key could not be read, which hashes what is held. */
const tellFreed = (days: number, problem: string): string[] => {
  if (problem !== '')
    return [`The names and addresses are free for others at once, without the server key: ${problem}`]
  return days === 0
    ? ['The names and addresses are free for others at once (accounts.namesFreedDays).']
    : [`The names and addresses are free for others in ${days} days (accounts.namesFreedDays).`]
}

const remove = ({ withAdmin, print, confirm }: Context, user: string, { yes = false }: { yes?: boolean }) =>
  withAdmin(async ({ accounts, place, config, findKeyProblem }) => {
    const { userId, userName } = await named(user, accounts.show(user))
    await confirm(`Remove user ${userId} (${userName}) for good, in ${place}?`, yes)
    const problem = await findKeyProblem()
    await named(user, accounts.remove(String(userId)))
    const days = problem === '' ? config.accounts.namesFreedDays : 0
    print({ userId: String(userId), removed: true, namesFreedDays: days }, [
      `User ${userId} (${userName}) is removed, in ${place}: names, password and addresses are gone, and every login ends.`,
      ...tellFreed(days, problem),
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
    'Disables a user until a time or for good, or withholds one capability; tells the user',
    'torii user disable alice --reason "asked by phone, ticket 4711"',
    'torii user disable alice --until 2030-01-31T08:00Z --reason "advertising"',
    'torii user disable alice --capability search --for 7d --reason "too many searches"',
  )
    .argument(...who)
    .addOption(
      new Option('--until <moment>', 'ISO 8601; UTC unless it names a zone; for good without it')
        .argParser(readMoment)
        .conflicts('for'),
    )
    .addOption(new Option('--for <time>', 'such as 10m, 2h or 7d').argParser(readDuration))
    .option(
      '--capability <name>',
      'only this: rename, search, friend, post, or a name of an app',
      readCapability,
    )
    .requiredOption('--reason <text>', 'one line, which the user is told', readLine(200))
    .action((name: string, options: DisableOptions) => disable(context, name, options, named))
  describe(
    user.command('enable'),
    'Lets a disabled user log in again, or gives a capability back',
    'torii user enable alice',
    'torii user enable alice --capability search',
  )
    .argument(...who)
    .option('--capability <name>', 'only this', readCapability)
    .action((name: string, options: EnableOptions) => enable(context, name, options, named))
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
