import t from 'tap'
import { bitsOf, hasBit, namesOf, permissions } from '../../src/protocol/permissions.ts'

t.test('rows keep the bits: a name never gets another one', async (t) => {
  t.same(
    permissions.map((name) => [name, bitsOf([name])]),
    [
      ['chat', 1],
      ['viewInfo', 2],
      ['viewPosts', 4],
      ['viewLocation', 8],
      ['add', 16],
    ],
  )
})

t.test('names and bits are the same either way, and a bit without a name grants nothing', async (t) => {
  for (let bits = 0; bits < 2 ** permissions.length; bits++) t.equal(bitsOf(namesOf(bits)), bits)
  t.equal(bitsOf(['add', 'add', 'chat']), 17)
  t.same(namesOf(2 ** 40 + 1), ['chat'])
  t.same(
    permissions.filter((name) => hasBit(2 ** 5, name)),
    [],
  )
})
