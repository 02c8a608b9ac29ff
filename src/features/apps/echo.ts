import { catalogue } from '../../protocol/errors.ts'

/** Members that mean something in every request or reply. */
const notEchoed = [
  'apiver',
  'appid',
  'appsecret',
  'token',
  'code',
  'msg',
  'info',
  'status',
  'timestamp',
  'rid',
]

export const echo = (input: object): Record<string, unknown> & { status: number } => {
  const members = Object.entries(input).filter(([name]) => !notEchoed.includes(name))
  return { ...Object.fromEntries(members), status: catalogue.OK.code }
}
