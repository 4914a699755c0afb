import { QueryClient } from '@tanstack/query-core'
import { createAsyncStoragePersister } from '@tanstack/query-async-storage-persister'
import { persistQueryClient } from '@tanstack/query-persist-client-core'
import { eachSession, type Session } from '../../../src/index.js'
import { sessionData } from '../../../src/data.js'

/** Gives each session a client of its own, and keeps its cache for all tabs until the session ends. */
export function eachQueryClient(session: Session, use: (client: QueryClient) => void): () => void {
  return eachSession(session, () => {
    const queryClient = new QueryClient()
    const persister = createAsyncStoragePersister({ storage: sessionData(session) })
    const [stop] = persistQueryClient({ queryClient, persister })
    use(queryClient)
    return () => {
      stop()
      queryClient.clear()
    }
  })
}
