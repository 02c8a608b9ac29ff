/** `torii provider`: the servers elsewhere that say who a user is. */
import type { Command } from 'commander'
import { type Context, describe } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { alignRows } from '../console/text.ts'

const list = async ({ readConfig, print }: Context) => {
  const { providers, server } = await readConfig()
  const base = server.publicUrl || '<server.publicUrl>'
  const data = Object.entries(providers).map(([name, { title, kind, clientId, apps }]) => ({
    name,
    title: title || name,
    kind,
    on: clientId !== '',
    clientId,
    apps,
    redirectUri: `${base}/oauth/callback/${name}`,
  }))
  const rows = data.map(({ name, title, kind, on, redirectUri }) => [
    ...[name, on ? 'on' : 'off', title, kind, redirectUri],
  ])
  const isOff = data.every(({ on }) => !on)
  const advice = isOff
    ? ['', 'None is on: give one its clientId and clientSecret, see docs/features/oauth.md.']
    : []
  print(data, [...alignRows([['name', 'state', 'title', 'kind', 'redirect URI'], ...rows]), ...advice])
}

const test = async ({ readConfig, print, reportFaults }: Context, name: string) => {
  const config = await readConfig()
  const { openConfigured } = await import('../provider/open.ts')
  const found = openConfigured(config).get(name)
  if (!found) {
    const isKnown = Object.hasOwn(config.providers, name)
    const why = isKnown
      ? `is off: set providers.${name}.clientId`
      : 'is not known; "torii provider list" shows all'
    throw new Refusal(`${name} ${why}`)
  }
  const problem = found.problem()
  const result = problem === '' ? await found.driver.test() : ({ ok: false, reason: problem } as const)
  if (result.ok) {
    print({ name, ok: true }, [`${name} answers, and does not refuse the client id and secret.`])
    return
  }
  print({ name, ...result }, [`${name}: ${result.reason}`])
  reportFaults()
}

export const register = (program: Command, context: Context) => {
  const provider = describe(
    program.command('provider'),
    'Login providers, such as GitHub or WeChat',
    'torii provider list',
  )
  describe(
    provider.command('list'),
    'Lists login providers, and the redirect URI of each',
    'torii provider list',
  ).action(() => list(context))
  describe(
    provider.command('test'),
    'Asks a login provider whether it answers and takes our id and secret',
    'torii provider test github',
  )
    .argument('<name>', 'its name in the configuration')
    .action((name: string) => test(context, name))
}
