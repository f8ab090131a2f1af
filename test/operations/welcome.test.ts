import t from 'tap'
import { welcome } from '../../operations/demo/welcome.ts'

t.test('an empty environment tells its operator how to create the first owner', async (t) => {
  const text = (inUse?: boolean) => welcome('https://api.example.com', 'production', null, inUse)
  t.match(text(false), /no organization yet[\s\S]*npx anteroom organizations create "Acme" --owner-email/)
  t.notMatch(text(true), /no organization/)
  t.match(text(true), /Base URL {4}https:\/\/api\.example\.com\/api/)
})
