import { table, whole } from '../../config/fields.ts'

export const tables = { webhooks: table('webhooks'), deliveries: table('deliveries') }

export const webhooks = {
  giveUpAfterSeconds: whole(
    259_200,
    60,
    2_592_000,
    'A delivery that did not arrive in this time becomes a dead letter; "torii webhook replay" sends it again',
  ),
  deadKeptSeconds: whole(2_592_000, 3_600, 31_536_000, 'A dead letter is removed after this time'),
  maxWaiting: whole(
    100_000,
    100,
    10_000_000,
    'Most deliveries of one webhook that wait, and most dead letters of it; the oldest waiting ones become dead letters',
  ),
  maxWaitingInAll: whole(
    500_000,
    100,
    50_000_000,
    'Most deliveries of all webhooks that wait; the webhooks with the most give up their oldest',
  ),
  atOnce: whole(10, 1, 100, 'Calls of one webhook that run at once'),
  timeoutMs: whole(10_000, 100, 60_000, 'Longest time of one call of a webhook'),
}
