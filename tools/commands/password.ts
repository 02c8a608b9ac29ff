/** `torii password`: raising the bcrypt cost of all accounts. */
import { setTimeout } from 'node:timers/promises'
import type { Command } from 'commander'
import { lookBackDays, type RaiseStatus } from '../../src/features/accounts/costs/raise.ts'
import { type Context, describe } from '../console/context.ts'
import { createProgress } from '../console/progress.ts'
import { Refusal } from '../console/refusal.ts'
import { alignFields } from '../console/text.ts'

/** Within this time every running server has read the change log. */
const noticeMs = 3_000

const describeCost = ({ cost, nextCost, previousCost }: RaiseStatus) => {
  if (nextCost > 0) return `${cost}, being raised to ${nextCost}`
  return previousCost > 0 ? `${cost}, raised from ${previousCost}` : `${cost}, not being raised`
}

const percentOf = ({ moved, logins }: RaiseStatus) =>
  logins === 0 ? 100 : Math.floor((1_000 * moved) / logins) / 10

const toLines = (found: RaiseStatus): string[] => {
  const { logins, moved, waiting, leftBehind } = found
  const isRaised = found.nextCost > 0 || found.previousCost > 0
  return alignFields({
    cost: describeCost(found),
    ...(isRaised && {
      moved: `${moved} of ${logins} logins (${percentOf(found)} %); a login is a name, number or address with a password`,
      'left behind': `${leftBehind} of the accounts that logged in within ${lookBackDays} days have no hash of the new cost`,
    }),
    ...(found.nextCost === 0 &&
      waiting > 0 && { waiting: `${waiting} logins: run "torii password finish" again` }),
  })
}

const status = ({ withAdmin, print }: Context) =>
  withAdmin(async ({ accounts, place }) => {
    const found = await accounts.raise.status()
    print({ ...found, percent: percentOf(found) }, [`In ${place}:`, ...toLines(found)])
  })

type FinishOptions = { dryRun?: boolean; yes?: boolean }

const finish = (context: Context, { dryRun = false, yes = false }: FinishOptions) =>
  context.withAdmin(async ({ accounts, place }) => {
    const found = await accounts.raise.status()
    const { cost, nextCost, waiting, leftBehind } = found
    if (nextCost === 0 && waiting === 0) {
      throw new Refusal(`the cost is ${cost} and not being raised: set password.nextCost first`)
    }
    const to = nextCost || cost
    if (dryRun) {
      const lines = [
        `In ${place}:`,
        ...toLines(found),
        `"torii password finish" makes ${to} the cost; nothing was changed.`,
      ]
      return context.print({ ...found, percent: percentOf(found), dryRun }, lines)
    }
    if (nextCost > 0) {
      await context.confirm(
        `Make ${nextCost} the cost for good, in ${place}? ${leftBehind} accounts whose clients send one hash only must reset their passwords.`,
        yes,
      )
    }
    const progress = createProgress('finish', waiting, context.tell)
    const { swapped } = await accounts.raise.finish({
      wait: () => setTimeout(noticeMs),
      tell: progress.at,
    })
    progress.end()
    context.print({ cost: to, swapped }, [
      `The cost is ${to}, in ${place}: ${swapped} verifiers have taken the places of the old ones.`,
      `Set password.cost to ${to} and password.nextCost to 0 before the next start; until then both settings still fit.`,
    ])
  })

export const register = (program: Command, context: Context) => {
  const password = describe(
    program.command('password'),
    'Raising the bcrypt cost of all accounts',
    'torii password status',
  )
  describe(
    password.command('status'),
    'Shows the cost, and how many logins have moved to the next one',
    'torii password status',
  ).action(() => status(context))
  describe(
    password.command('finish'),
    'Makes password.nextCost the cost of all accounts; may be run again after it was interrupted',
    'torii password finish --dry-run',
    'torii password finish --yes',
  )
    .option('--dry-run', 'only show what would change')
    .option('--yes', 'do not ask')
    .action((options: FinishOptions) => finish(context, options))
}
