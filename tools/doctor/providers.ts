/** Whether the login providers answer, and take our ids and secrets. */
import type { Config } from '../../src/config/index.ts'
import { openConfigured } from '../provider/open.ts'
import { broken, type Finding, ok, warning } from './finding.ts'

export const checkProviders = async (config: Config): Promise<Finding[]> => {
  const providers = [...openConfigured(config)]
  const isPublic = config.server.publicUrl !== ''
  const advice = 'set it to the https:// address of this server: providers send browsers back there'
  const place =
    providers.length > 0 && !isPublic ? [warning('providers', 'server.publicUrl is empty', advice)] : []
  const findings = providers.map(async ([name, { driver, problem }]): Promise<Finding> => {
    const subject = `provider ${name}`
    const known = problem()
    const result = known === '' ? await driver.test() : ({ ok: false, reason: known } as const)
    if (result.ok) return ok(subject, 'answers, and does not refuse the client id and secret')
    return broken(subject, result.reason, 'no user can log in by it until this is corrected; all else works')
  })
  return [...place, ...(await Promise.all(findings))]
}
