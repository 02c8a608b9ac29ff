/** Defaults of a trial, which serves the tests of one developer instead of strangers. */
import { toEnvironmentName } from './error.ts'
import type { Members } from './files.ts'
import type { Config } from './index.ts'

/** Calls a minute: enough for a test suite that makes its users and devices anew. */
const wide = [60, 300] as const
const passwordWaitMs = 10_000

/** `LANG=zh_CN.UTF-8` puts Chinese first, any other language English; without it the order stays. */
const languagesOf = ({ LANG }: NodeJS.ProcessEnv): Config['languages'] => {
  if (!LANG || /^zh/.test(LANG)) return ['zh-CN', 'en']
  return ['en', 'zh-CN']
}

/** A test suite registers its users without a captcha; failed logins are asked as in service. */
const widen = (row: Config['captcha']['demand'][number]) =>
  row.purpose === 'register' ? { ...row, count: wide[1] } : row

const rows: [
  path: [section: keyof Config, name?: string],
  value: (environment: NodeJS.ProcessEnv, config: Config) => unknown,
][] = [
  [['server', 'host'], (_environment, { server }) => (server.lan ? '0.0.0.0' : server.host)],
  [['limits', 'provision'], () => wide],
  [['limits', 'register'], () => wide],
  [['limits', 'prelogin'], () => wide],
  [['limits', 'login'], () => wide],
  [['password', 'maxWaitMs'], () => passwordWaitMs],
  [['captcha', 'demand'], (_environment, { captcha }) => captcha.demand.map(widen)],
  [['languages'], languagesOf],
]

const memberOf = (members: unknown, name: string) => (members as Members | undefined)?.[name]

/** Sets what neither the file nor the environment gives. */
export const applyTrialDefaults = (
  config: Config,
  { given, environment }: { given: Members; environment: NodeJS.ProcessEnv },
): void => {
  const names = Object.keys(environment)
  for (const [[section, name], value] of rows) {
    const path = name === undefined ? [section] : [section, name]
    const variable = toEnvironmentName(path)
    const isGiven =
      path.reduce<unknown>(memberOf, given) !== undefined ||
      names.some((one) => one === variable || one.startsWith(`${variable}__`))
    if (isGiven) continue
    const target = name === undefined ? config : config[section]
    Object.assign(target, { [name ?? section]: value(environment, config) })
  }
}
