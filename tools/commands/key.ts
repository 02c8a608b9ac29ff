/** `torii key`: the server key, without which a database is of no use. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { type Context, describe } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { alignFields } from '../console/text.ts'

const create = async ({ readConfig, print }: Context) => {
  const { security } = await readConfig()
  const { keyFile, serverKey } = security
  if (serverKey) {
    throw new Refusal('security.serverKey is set and goes before the key file: unset it, or keep that key')
  }
  const { systemRandom } = await import('../../src/adapters/random.ts')
  const { createServerKeyFile, parseServerKey } = await import('../../src/adapters/server-key.ts')
  if (!createServerKeyFile(keyFile, systemRandom)) {
    throw new Refusal(`${keyFile} is there already and stays: no other key opens its database`)
  }
  const { fingerprint } = parseServerKey(readFileSync(keyFile, 'utf8'))
  print({ keyFile, fingerprint }, [
    ...alignFields({ 'key file': keyFile, fingerprint }),
    'Keep a copy in another place: without this key no account of its database can log in again.',
    'Every server process needs the same key. A database that was made with another key refuses this one.',
  ])
}

export const registerKey = (program: Command, context: Context) => {
  const key = describe(program.command('key'), 'The server key', 'torii key create')
  describe(key.command('create'), 'Writes a new server key, unless there is one', 'torii key create')
    .description(
      'Writes a new server key to security.keyFile (0600, its folder 0700). One that is there stays.',
    )
    .action(() => create(context))
}
