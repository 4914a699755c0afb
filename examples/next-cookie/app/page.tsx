import { Adopt } from '@/components/Adopt'
import { readPage } from '@/lib/page'

export default async function Home() {
  const { page } = await readPage()
  return (
    <main>
      <Adopt page={page} />
      <h1>Home</h1>
      <p>Everybody may see this page.</p>
    </main>
  )
}
