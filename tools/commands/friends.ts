/** `torii friends`: the counters of friends, fans and so on. */
import type { Command } from 'commander'
import type { Drift } from '../../src/features/friends/api.ts'
import { Failure } from '../../src/protocol/errors.ts'
import { type Admin, type Context, describe } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'

type RecountOptions = { dryRun?: boolean }

const mostShown = 20

const toLine = ({ userId, counter, kept, rows }: Drift) =>
  `user ${userId}: ${counter} was ${kept}, and there are ${rows}`

const findUser = async (accounts: Admin['accounts'], user: string): Promise<number> => {
  try {
    return (await accounts.show(user)).userId
  } catch (error) {
    if (!(error instanceof Failure) || error.entry.name !== 'USER_UNKNOWN') throw error
    throw new Refusal(`no user has the name or number ${user}`)
  }
}

const count = async ({ relations, accounts }: Admin, user: string | undefined, isDry: boolean) => {
  if (user !== undefined) {
    const drifts = await relations.recount.recountUser(await findUser(accounts, user), { isDry })
    return { users: 1, drifts }
  }
  const all = { users: 0, drifts: [] as Drift[] }
  await relations.recount.recountAll({
    isDry,
    tell: (users, drifts) => {
      all.users += users
      all.drifts.push(...drifts)
    },
  })
  return all
}

const recount = (
  { withAdmin, print }: Context,
  user: string | undefined,
  { dryRun = false }: RecountOptions,
) =>
  withAdmin(async (admin) => {
    const { users, drifts } = await count(admin, user, dryRun)
    const wrong = drifts.length === 0 ? 'every counter is right' : `${drifts.length} counters were wrong`
    const end = drifts.length === 0 ? '' : dryRun ? '; nothing was changed' : ', and are right now'
    const left = drifts.length - mostShown
    print({ users, wrong: drifts, mended: !dryRun }, [
      ...drifts.slice(0, mostShown).map(toLine),
      ...(left > 0 ? [`and ${left} more; --json lists all`] : []),
      `${users} ${users === 1 ? 'user' : 'users'} counted, in ${admin.place}: ${wrong}${end}.`,
    ])
  })

export const register = (program: Command, context: Context) => {
  const friends = describe(program.command('friends'), 'Relations of users', 'torii friends recount')
  describe(
    friends.command('recount'),
    'Counts the relations of all users, or of one, and mends counters that are wrong',
    'torii friends recount',
    'torii friends recount alice --dry-run',
  )
    .argument('[user]', 'user name, user number, e-mail address or phone; all without it')
    .option('--dry-run', 'shows what is wrong and changes nothing')
    .action((user: string | undefined, options: RecountOptions) => recount(context, user, options))
}
