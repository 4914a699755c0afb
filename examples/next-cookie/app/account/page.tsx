import { redirect } from 'next/navigation'
import { Adopt } from '@/components/Adopt'
import { SignedIn } from '@/components/SignedIn'
import { SignOut } from '@/components/SignOut'
import { readPage } from '@/lib/page'

export default async function Account() {
  const { page, name } = await readPage()
  // The guard: the server renders nothing of this page for nobody.
  if (!name) redirect('/login')
  return (
    <main>
      <Adopt page={page} />
      <SignedIn>
        <h1>Account of {name}</h1>
        <SignOut />
      </SignedIn>
    </main>
  )
}
