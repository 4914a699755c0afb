import { Adopt } from '@/components/Adopt'
import { readPage } from '@/lib/page'
import { signIn } from './actions'

export default async function Login() {
  const { page } = await readPage()
  return (
    <main>
      <Adopt page={page} />
      <h1>Sign in</h1>
      <form action={signIn}>
        <label>
          Name <input name="name" required autoComplete="username" />
        </label>{' '}
        <button>Sign in</button>
      </form>
    </main>
  )
}
