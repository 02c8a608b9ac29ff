/** Changes of a profile. Each member is a column or a row of its own, so that two devices do not undo each other's changes. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db, Executor } from '../../../adapters/db/index.ts'
import type { TicketCaller } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import { isLonger } from '../../../protocol/user-name.ts'
import type { RecordEvent } from '../../events/api.ts'
import type { Standing } from '../../standing/api.ts'
import type { CheckText } from '../../words/api.ts'
import type { Users } from '../api.ts'
import { nickKeyOf } from '../nick-key.ts'
import type { PrepareRename } from '../rename.ts'
import { longestRegion, type SetInput, shownMembers } from '../wire.ts'
import { dayOf, isBirthday, yearOf } from './birthday.ts'
import { readIcon } from './icon.ts'
import { readParams, writeParams } from './params.ts'
import { findNick, type ProfileChange, updateNick, upsertProfile } from './repo.ts'

export type SetNeeds = {
  db: Db
  clock: Clock
  users: Pick<Users, 'checkNickName'>
  standing: Standing
  prepareRename: PrepareRename
  checkText: CheckText
  recordEvent: RecordEvent
  rules: { iconHosts: readonly string[]; paramsPerUser: number }
}

const secrets = ['token', 'password', 'oldHash', 'clientHash', 'nextClientHash', 'salt']
const common = ['apiver', 'appid', 'appsecret', 'rid', 'op']

/** Members that the caller sent, by name: what the event tells. */
const listMembers = (input: SetInput): string[] =>
  Object.keys(input).filter((name) => !secrets.includes(name) && !common.includes(name))

const refuse = (info: string): never => {
  throw new Failure('PARAMETER_INVALID', { info })
}

/** An empty text removes the member. */
const textOf = (text: string) => (text === '' ? null : text)

const birthdayOf = ({ birthday, age }: SetInput, today: string): { birthday: string | null } | undefined => {
  if (birthday !== undefined && age !== undefined) refuse('age: with a birthday it is known')
  if (age !== undefined) return { birthday: yearOf(age, today) }
  if (birthday === undefined) return undefined
  if (birthday !== '' && !isBirthday(birthday, today)) refuse('birthday')
  return { birthday: textOf(birthday) }
}

/** Some characters become three when normalized. */
const readRegion = (typed: string): string => {
  const region = typed.normalize('NFC').trim()
  return isLonger(region, longestRegion) ? refuse('region') : region
}

const asNumber = (flag: boolean) => (flag ? 1 : 0)

const profileChangeOf = (input: SetInput, today: string, iconHosts: readonly string[]): ProfileChange => {
  const { gender, region, introduction, icon, language, privacy = {}, findBy = {} } = input
  const audiences = shownMembers.flatMap((member) =>
    privacy[member] === undefined ? [] : [[`${member}For`, privacy[member]] as const],
  )
  return {
    ...birthdayOf(input, today),
    ...(gender !== undefined && { gender: textOf(gender) }),
    ...(region !== undefined && { region: textOf(readRegion(region)) }),
    ...(introduction !== undefined && { introduction: textOf(introduction.trim()) }),
    ...(icon !== undefined && { icon: icon === '' ? null : readIcon(icon, iconHosts) }),
    ...(language !== undefined && { language: textOf(language) }),
    ...Object.fromEntries(audiences),
    ...(findBy.email !== undefined && { findByEmail: asNumber(findBy.email) }),
    ...(findBy.phone !== undefined && { findByPhone: asNumber(findBy.phone) }),
    ...(findBy.nickName !== undefined && { findByNickName: asNumber(findBy.nickName) }),
  }
}

export const createSet = (needs: SetNeeds) => {
  const { db, clock, users, standing, prepareRename, checkText, recordEvent, rules } = needs

  /** The key by which the nickname is searched follows both the name and the user's wish. */
  const writeNick = async (trx: Executor, userId: number, chosen: string | undefined) => {
    const found = await findNick(trx, userId)
    if (!found) throw new Failure('NOT_LOGGED_IN')
    const nickName = chosen ?? found.nickName
    const nickKey = found.findByNickName === 0 ? null : nickKeyOf(nickName)
    await updateNick(trx, userId, { nickName, nickKey, updatedAt: clock.now() })
  }

  return async function set(input: SetInput, caller: TicketCaller): Promise<void> {
    const { userId } = caller.ticket
    const { appId, profileSchema } = caller.app
    const members = listMembers(input)
    if (members.length === 0) throw new Failure('PARAMETER_MISSING', { info: 'a member to set' })
    const change = profileChangeOf(input, dayOf(clock.now()), rules.iconHosts)
    const nickName = input.nickName === undefined ? undefined : users.checkNickName(input.nickName)
    const params = readParams(input.params ?? {}, profileSchema, checkText)
    if (input.userName !== undefined || nickName !== undefined)
      await standing.check(db.write, userId, 'rename')
    const rename =
      input.userName === undefined ? undefined : await prepareRename(input.userName, input, caller)
    const write = db.transaction(async (trx) => {
      const nowMs = clock.now()
      await rename?.(trx)
      // Holds the row: changes of one user come one after another.
      await upsertProfile(trx, userId, change, nowMs)
      if (nickName !== undefined || change.findByNickName !== undefined)
        await writeNick(trx, userId, nickName)
      if (params.length > 0) {
        await writeParams(trx, { userId, appId, params, most: rules.paramsPerUser, nowMs })
      }
      await recordEvent(trx, { userId, kind: 'user.changed', appId, detail: { members } })
    })
    await write.catch((error) => {
      throw db.isDuplicate(error) ? new Failure('ALREADY_REGISTERED', { cause: error }) : error
    })
  }
}

export type SetProfile = ReturnType<typeof createSet>
