/**
 * A request to a user who asks a question. Every answer is counted before it is judged, for the one who asks and for all
 * who ask together: a hundred accounts guess no more often than one. Beyond the sum of all, a request waits for consent,
 * so that guessing shuts out no one who knows the answer.
 */
import type { TicketCaller } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { Befriend } from '../acts/befriend.ts'
import { type ActNeeds, dayMs, dayOf, type Pair, type Pairs, type RelationReply } from '../acts/pair.ts'
import type { Ask, Asked } from '../requests/ask.ts'
import type { AnswerHash } from './answer-hash.ts'
import { deleteTries, putTries, setJudged } from './repo.ts'

export const mostTries = 5
export const triesKeptMs = 30 * dayMs

type Outcome =
  | { relation: RelationReply }
  /** To be judged, outside of the transaction: it takes long. */
  | { sealed: Buffer; questionAt: number; triesLeft: number }

export type QuestionNeeds = Pick<ActNeeds, 'limits'> & {
  pairs: Pairs
  asks: Ask
  befriend: Befriend
  hash: AnswerHash
}

/** Tries of before the question was set do not count. */
const triesOf = ({ state, nowMs }: Pair) => {
  const { tries, firstAt, questionAt } = state
  const counts =
    tries !== null && firstAt !== null && firstAt >= Math.max(questionAt ?? 0, nowMs - triesKeptMs)
  return counts ? { tries, firstAt } : { tries: 0, firstAt: nowMs }
}

export const createQuestion = ({ limits, pairs, asks, befriend, hash }: QuestionNeeds) => {
  const { withPair, countAsk, count } = pairs
  const needsCapability = true

  const judge = async (pair: Pair, asked: Asked, answer: string | undefined): Promise<Outcome> => {
    const { trx, me, they, nowMs, state } = pair
    const { question, answerSealed: sealed, questionAt } = state
    if (question === null || sealed === null || questionAt === null)
      return { relation: await asks.wait(pair, asked) }
    if (answer === undefined) throw new Failure('ANSWER_NEEDED', { members: { question } })
    const { tries, firstAt } = triesOf(pair)
    if (tries >= mostTries) {
      const until = Math.ceil((firstAt + triesKeptMs) / 1_000)
      throw new Failure('ANSWER_TRIES', { members: { until } })
    }
    const judgedDay = dayOf(nowMs)
    const judged = state.judgedDay === judgedDay ? (state.judged ?? 0) : 0
    if (judged >= limits.answersPerDay) return { relation: await asks.wait(pair, asked) }
    await putTries(trx, { toId: they, fromId: me, tries: tries + 1, firstAt })
    await setJudged(trx, they, { judgedDay, judged: judged + 1 })
    await count(pair, countAsk(pair), {})
    return { sealed, questionAt, triesLeft: mostTries - tries - 1 }
  }

  /** An answer that was not judged is no try. */
  const takeBack = (caller: TicketCaller, they: number) =>
    withPair(caller, they, { needsCapability: false }, async (pair) => {
      const { tries, firstAt } = triesOf(pair)
      if (tries > 0) await putTries(pair.trx, { toId: they, fromId: pair.me, tries: tries - 1, firstAt })
    })

  /** The friendship, unless the question is another one by now. */
  const finish = async (pair: Pair, asked: Asked, questionAt: number): Promise<RelationReply> => {
    const relation = await asks.ask(pair, asked)
    if (relation) return relation
    if (pair.state.questionAt !== questionAt)
      throw new Failure('ANSWER_NEEDED', { members: { question: pair.state.question ?? '' } })
    await deleteTries(pair.trx, pair.they, pair.me)
    return befriend(pair, false)
  }

  return async function ask(
    caller: TicketCaller,
    they: number,
    asked: Asked,
    answer: string | undefined,
  ): Promise<RelationReply> {
    const outcome = await withPair<Outcome>(caller, they, { needsCapability }, async (pair) => {
      const relation = await asks.ask(pair, asked)
      return relation ? { relation } : judge(pair, asked, answer)
    })
    if ('relation' in outcome) return outcome.relation
    const { sealed, questionAt, triesLeft } = outcome
    const isRight = await hash.isRight(they, sealed, answer ?? '').catch(async (error) => {
      await takeBack(caller, they)
      throw error
    })
    if (!isRight) throw new Failure('ANSWER_WRONG', { members: { triesLeft } })
    return withPair(caller, they, { needsCapability }, (pair) => finish(pair, asked, questionAt))
  }
}
