import { eachSession, type Session } from '../../../src/index.js'
import { sessionData } from '../../../src/data.js'

export function keepDraft(session: Session, editor: { value: string; oninput: unknown }): () => void {
  return eachSession(session, () => {
    const data = sessionData(session)
    editor.value = data.getItem('draft') ?? ''
    editor.oninput = () => data.setItem('draft', editor.value)
    return () => {
      editor.value = ''
      editor.oninput = null
    }
  })
}
