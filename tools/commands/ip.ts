/** `torii ip`: addresses that are refused. */
import { type Command, Option } from 'commander'
import { type Context, describe } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { alignRows, isoTime } from '../console/text.ts'
import { isNetworkItself, readDuration, readLine, readMoment, readNetwork } from '../console/values.ts'

type Ban = { network: string; bannedUntil: number; reason: string; createdAt: number }
type TypedNetwork = { typed: string; network: string }
type BanOptions = { until?: number; for?: number; reason: string }

const toData = ({ network, bannedUntil, reason, createdAt }: Ban) => ({
  network,
  until: new Date(bannedUntil).toISOString(),
  reason,
  createdAt: new Date(createdAt).toISOString(),
})

const noticed = 'Running servers notice it within a second.'

/** An address inside a range is easily meant alone. */
const noteRange = ({ typed, network }: TypedNetwork) =>
  isNetworkItself(typed, network) ? [] : [`${typed} is the range ${network}: all of it is banned.`]

const ban = ({ withAdmin, print }: Context, which: TypedNetwork, until: number, reason: string) =>
  withAdmin(async ({ bans, place }) => {
    const { network } = which
    const made = await bans.ban(network, until, reason)
    print(toData(made), [
      ...noteRange(which),
      `${network} is banned until ${isoTime(until)}, in ${place}. ${noticed}`,
    ])
  })

const unban = ({ withAdmin, print }: Context, network: string) =>
  withAdmin(async ({ bans, place }) => {
    const removed = await bans.unban(network)
    await bans.load()
    const [address = '', bits] = network.split('/')
    const found = bans.find(address)
    const wider = found && Number(found.network.split('/')[1]) < Number(bits) ? found : undefined
    const still = wider ? `${wider.network} is banned and covers it: "torii ip unban ${wider.network}"` : ''
    if (!removed) throw new Refusal(`${network} is not banned, in ${place}${still && `; ${still}`}`)
    print({ network, banned: wider !== undefined }, [
      `${network} is banned no more, in ${place}. ${noticed}`,
      ...(still ? [`But ${still}`] : []),
    ])
  })

const list = ({ withAdmin, print }: Context) =>
  withAdmin(async ({ bans, place }) => {
    const found = await bans.list()
    const rows = found.map(({ network, bannedUntil, createdAt, reason }) => [
      network,
      isoTime(bannedUntil),
      isoTime(createdAt),
      reason,
    ])
    const head = ['network', 'until', 'since', 'reason']
    print(found.map(toData), found.length > 0 ? alignRows([head, ...rows]) : [`${place} has no ban`])
  })

export const register = (program: Command, context: Context) => {
  const ip = describe(program.command('ip'), 'Addresses that are refused', 'torii ip list')
  const network = [
    '<address>',
    'an address or a range (CIDR); an IPv6 address alone stands for its /64',
  ] as const

  describe(
    ip.command('ban'),
    'Refuses an address or a range until a moment',
    'torii ip ban 192.0.2.7 --for 2h --reason "guesses passwords"',
    'torii ip ban 2001:db8:7::/48 --until 2030-01-31T08:00Z --reason "rented for attacks"',
  )
    .argument(...network, (text: string) => ({ typed: text, network: readNetwork(text) }))
    .addOption(
      new Option('--until <moment>', 'ISO 8601; UTC unless it names a zone')
        .argParser(readMoment)
        .conflicts('for'),
    )
    .addOption(new Option('--for <time>', 'such as 10m, 2h or 7d').argParser(readDuration))
    .requiredOption('--reason <text>', 'one line, shown to the banned caller', readLine(200))
    .action((which: TypedNetwork, { until, for: forMs, reason }: BanOptions, command: Command) => {
      const end = until ?? (forMs !== undefined ? Date.now() + forMs : undefined)
      if (end === undefined) return command.error('say how long: --for 2h, or --until 2030-01-31T08:00Z')
      return ban(context, which, end, reason)
    })
  describe(ip.command('unban'), 'Ends a ban', 'torii ip unban 192.0.2.7')
    .argument(...network, readNetwork)
    .action((network: string) => unban(context, network))
  describe(ip.command('list'), 'Lists the bans that hold', 'torii ip list').action(() => list(context))
}
