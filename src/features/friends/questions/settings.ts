/** Who may ask a user, as the user sets it. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db } from '../../../adapters/db/index.ts'
import type { TicketCaller } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { FriendSettingsRow } from '../tables.ts'
import type { SettingsInput } from '../wire.ts'
import type { AnswerHash } from './answer-hash.ts'
import { findSettings, putSettings } from './repo.ts'

export type SettingsNeeds = { db: Db; clock: Clock; hash: Pick<AnswerHash, 'seal'> }

const initial = (userId: number): FriendSettingsRow => ({
  userId,
  mode: 'ask',
  isFollowable: 1,
  question: null,
  answerSealed: null,
  questionAt: null,
  judgedDay: 0,
  judged: 0,
})

const describe = ({ mode, isFollowable, question }: FriendSettingsRow) => {
  const shown = { mode, isFollowable: isFollowable === 1 }
  return question === null ? shown : { ...shown, question }
}

export const createSettings = ({ db, clock, hash }: SettingsNeeds) =>
  async function settings({ ticket: { userId } }: TicketCaller, input: SettingsInput) {
    const { mode, isFollowable, question, answer } = input
    const before = (await findSettings(db.write, userId)) ?? initial(userId)
    if ([mode, isFollowable, question, answer].every((value) => value === undefined)) return describe(before)
    // An answer to another question would be worth nothing, nor a question without one.
    if ((question === undefined) !== (answer === undefined))
      throw new Failure('PARAMETER_MISSING', { info: question === undefined ? 'question' : 'answer' })
    const isAsking = (mode ?? before.mode) === 'question'
    if (isAsking && question === undefined && before.question === null)
      throw new Failure('PARAMETER_MISSING', { info: 'question' })
    const answerSealed = answer === undefined ? undefined : await hash.seal(userId, answer)
    return db.transaction(async (trx) => {
      const row = (await findSettings(trx, userId)) ?? initial(userId)
      const changed: FriendSettingsRow = {
        ...row,
        mode: mode ?? row.mode,
        isFollowable: isFollowable === undefined ? row.isFollowable : Number(isFollowable),
        question: question ?? row.question,
        answerSealed: answerSealed ?? row.answerSealed,
        questionAt: answerSealed ? clock.now() : row.questionAt,
      }
      await putSettings(trx, changed)
      return describe(changed)
    })
  }
