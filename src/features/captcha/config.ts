import { limit, listOf, oneOf, section, whole } from '../../config/fields.ts'

export const limits = { captcha: limit(60, 20) }

const demandDefaults = [
  { purpose: 'register', by: 'network', count: 3, seconds: 3_600, kind: 'work' },
  { purpose: 'login', by: 'login', count: 3, seconds: 900, kind: 'work' },
  { purpose: 'login', by: 'network', count: 20, seconds: 3_600, kind: 'work' },
  { purpose: 'code', by: 'network', count: 2, seconds: 3_600, kind: 'work' },
] as const

const Demand = section({
  purpose: oneOf(['register', 'login', 'code'], 'What the captcha is asked for'),
  by: oneOf(['network', 'login'], 'Whose calls (of login: failures) count: of the network, or of the login'),
  count: whole(3, 0, 1_000_000, 'So many pass without a captcha'),
  seconds: whole(3_600, 1, 86_400, 'in this time'),
  kind: oneOf(['work', 'picture'], 'Which kind is asked for'),
})

export const captcha = {
  mode: oneOf(['auto', 'always', 'never'], 'When a captcha is asked for; auto: by the table demand'),
  demand: {
    ...listOf(Demand, 'When a captcha is asked for, and which'),
    default: demandDefaults,
  } as unknown as ReturnType<typeof listOf<typeof Demand>>,
  picture: section({
    width: whole(180, 80, 600, 'Width of the picture'),
    height: whole(60, 30, 200, 'Height of the picture'),
    length: whole(5, 4, 8, 'Letters in the picture'),
  }),
  work: section({
    most: whole(
      100_000,
      1_000,
      10_000_000,
      'Difficulty: a client computes half as many hashes on average; more under attack',
    ),
  }),
}
